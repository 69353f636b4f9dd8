import { isDeepStrictEqual } from 'node:util'
import type { ModelQuery } from '../../src/domain/catalog.ts'
import { type Answer, bodyOf } from '../traffic/operation.ts'
import { balanceBody, type KeyTruth, trialBody } from './account-truth.ts'
import { type CatalogTruth, expectedBody, offered } from './catalog-truth.ts'
import type { Finding, Timeline } from './timeline.ts'
import { allOf, atOneMoment, RIGHT, type Verdict, verdictOn, wrong } from './verdict.ts'
import type { Credential, World } from './world.ts'

/** Judges answers against the world. It asks the database nothing. */
export class Judge {
  readonly #world: World
  readonly #maxStaleness: () => number

  /** `maxStaleness` in milliseconds: 0 for a gateway that caches nothing. */
  constructor(world: World, maxStaleness: () => number) {
    this.#world = world
    this.#maxStaleness = maxStaleness
  }

  /** The body of an answer that `credential` got, judged by `judgeBody` when the gateway let it in. */
  own(answer: Answer, credential: Credential, judgeBody: (body: Record<string, unknown>) => Verdict): Verdict {
    const access = this.#access(answer, credential)
    if (access.kind !== 'right' || answer.status === 401 || answer.status === 403) return access
    return allOf([access, this.#body(answer, judgeBody)])
  }

  /**
   * An answer on a route with limits: a refusal must name the limits that it is for. Whether they were used up, the ledger
   * finds out once it has seen everything.
   */
  limited(
    answer: Answer,
    credential: Credential,
    blamed: readonly string[] | undefined,
    judge: () => Verdict,
  ): Verdict {
    const access = this.#access(answer, credential)
    if (access.kind !== 'right' || answer.status === 401 || answer.status === 403) return access
    return blamed === undefined ? allOf([access, judge()]) : allOf([access, named(blamed)])
  }

  /** The same on a route that is open to all. */
  limitedOpen(blamed: readonly string[] | undefined, judge: () => Verdict): Verdict {
    return blamed === undefined ? judge() : named(blamed)
  }

  /** Whether a model was on offer, when an answer says that it was or was not. */
  offer(answer: Answer, id: string): Verdict {
    if (answer.status !== 200 && answer.status !== 404) return wrong(`answered with ${answer.status}`)
    return this.#part(`the offer of ${id}`, answer, this.#world.catalog, (truth) => {
      return (offered(truth, id) !== undefined) === (answer.status === 200)
    })
  }

  /** A body that anybody gets. */
  open(answer: Answer, judgeBody: (body: Record<string, unknown>) => Verdict): Verdict {
    return this.#body(answer, judgeBody)
  }

  /** A key that nobody was ever given. */
  refused(answer: Answer): Verdict {
    return answer.status === 401 ? RIGHT : wrong(`an unknown key was answered with ${answer.status}`)
  }

  profile(body: Record<string, unknown>, answer: Answer, { plaintext, keyId, userId }: Credential): Verdict {
    const { user } = this.#world.user(userId)
    const trial = this.#world.trials.get(keyId)
    return allOf([
      this.#part('user', answer, user, (truth) => isDeepStrictEqual(body['user'], truth)),
      this.#part('key', answer, this.#world.text(plaintext), (truth) => isDeepStrictEqual(body['key'], truth)),
      trial === undefined
        ? body['trial'] === null
          ? RIGHT
          : wrong('a key without a trial shows one')
        : this.#part('trial', answer, trial, (truth) => isDeepStrictEqual(body['trial'], trialBody(truth))),
    ])
  }

  balance(body: Record<string, unknown>, answer: Answer, userId: number): Verdict {
    const { money } = this.#world.user(userId)
    return this.#part('balance', answer, money, (truth) => isDeepStrictEqual(body, balanceBody(userId, truth)))
  }

  /** What support sees of a key: nothing once the key's text was replaced. */
  lookUp(answer: Answer, { plaintext, userId }: Credential): Verdict {
    const key = this.#world.text(plaintext)
    if (answer.status === 404) return this.#part('an unknown key', answer, key, (truth) => truth === null)
    return this.#body(answer, (body) =>
      allOf([
        this.user(body, answer, userId),
        this.#part('key', answer, key, (truth) => truth !== null && isDeepStrictEqual(body['key'], truth)),
      ]),
    )
  }

  movements(body: Record<string, unknown>, answer: Answer, userId: number, limit: number): Verdict {
    const { movements } = this.#world.user(userId)
    const shown = body['transactions']
    return this.#part('transactions', answer, movements, (truth) => isDeepStrictEqual(shown, truth.slice(0, limit)))
  }

  keys(body: Record<string, unknown>, answer: Answer, userId: number): Verdict {
    const { keys } = this.#world.user(userId)
    return this.#part('keys', answer, keys, (truth) => isDeepStrictEqual(body['keys'], truth))
  }

  user(body: Record<string, unknown>, answer: Answer, userId: number): Verdict {
    const { user } = this.#world.user(userId)
    return this.#part('user', answer, user, (truth) => isDeepStrictEqual(body['user'], truth))
  }

  /** The plan in force is one row of one statement: who holds which plan, and what the plan is, of one moment. */
  heldPlan(body: Record<string, unknown>, answer: Answer, userId: number): Verdict {
    const { planId } = this.#world.user(userId)
    const shown = body['plan'] as { readonly id: number } | null
    const held = this.#find(answer, planId, (truth) => truth === (shown?.id ?? null))
    if (shown === null) return verdictOn('plan', held)
    const plan = this.#world.plans.get(shown.id)
    if (plan === undefined) return wrong(`there is no plan ${shown.id}`)
    return atOneMoment('plan', [held, this.#find(answer, plan, (truth) => isDeepStrictEqual(shown, truth))])
  }

  plans(body: Record<string, unknown>, answer: Answer): Verdict {
    const shown = body['plans'] as readonly { readonly id: number }[]
    const plans = [...this.#world.plans.values()]
    if (shown.length !== plans.length) return wrong(`${shown.length} plans shown, ${plans.length} exist`)
    const findings = plans.map((plan, at) => this.#find(answer, plan, (truth) => isDeepStrictEqual(shown[at], truth)))
    return atOneMoment('plans', findings)
  }

  rateLimits(body: Record<string, unknown>, answer: Answer, keyId: number): Verdict {
    const limits = this.#world.limitsOf(keyId)
    return this.#part('rate limits', answer, limits, (truth) => isDeepStrictEqual(body['limits'], truth))
  }

  /** A page of models, compared as text: the first comparison nearly always decides. */
  models(answer: Answer, query: ModelQuery): Verdict {
    if (answer.status !== 200 && answer.status !== 304) return wrong(`models were answered with ${answer.status}`)
    return this.#part('models', answer, this.#world.catalog, (truth) => answer.text === expectedBody(truth, query))
  }

  model(answer: Answer, id: string): Verdict {
    return this.#oneOf(`model ${id}`, answer, (truth) => offered(truth, id))
  }

  /** Prices stay known while a model is off the catalog, so that what was used can be billed. */
  price(answer: Answer, id: string): Verdict {
    return this.#oneOf(`price of ${id}`, answer, (truth) => truth.models.get(id)?.model.price ?? undefined)
  }

  providers(answer: Answer): Verdict {
    const shown = bodyOf(answer)
    return this.#part('providers', answer, this.#world.catalog, (truth) =>
      isDeepStrictEqual(shown, { providers: [...truth.providers.values()] }),
    )
  }

  #oneOf(what: string, answer: Answer, select: (truth: CatalogTruth) => object | undefined): Verdict {
    if (answer.status === 404)
      return this.#part(what, answer, this.#world.catalog, (truth) => select(truth) === undefined)
    const shown = bodyOf(answer)
    return this.#part(what, answer, this.#world.catalog, (truth) => isDeepStrictEqual(shown, select(truth)))
  }

  /** Whether the gateway was right to let a caller in, or not to. Key and user are read one by one. */
  #access(answer: Answer, { plaintext, userId }: Credential): Verdict {
    const key = this.#world.text(plaintext)
    const { user } = this.#world.user(userId)
    if (answer.status === 401) return this.#part('a refused key', answer, key, (truth) => !opens(truth))
    const opened = this.#part('an accepted key', answer, key, (truth) => opens(truth))
    const active = answer.status !== 403
    return allOf([opened, this.#part('the standing of a user', answer, user, (truth) => truth.isActive === active)])
  }

  #body(answer: Answer, judgeBody: (body: Record<string, unknown>) => Verdict): Verdict {
    const body = answer.status < 300 || answer.status === 304 ? bodyOf(answer) : undefined
    if (typeof body !== 'object' || body === null)
      return wrong(`answered with ${answer.status}: ${answer.text.slice(0, 200)}`)
    return judgeBody(body as Record<string, unknown>)
  }

  #find<V>(answer: Answer, timeline: Timeline<V>, matches: (value: V) => boolean): Finding {
    return timeline.judge(answer, matches, this.#maxStaleness())
  }

  #part<V>(what: string, answer: Answer, timeline: Timeline<V>, matches: (value: V) => boolean): Verdict {
    return verdictOn(what, this.#find(answer, timeline, matches))
  }
}

function named(blamed: readonly string[]): Verdict {
  return blamed.length > 0 ? RIGHT : wrong('a refusal does not say which limit it is for')
}

/** Generated expiry dates lie a day away on either side, so the clock of the driver decides as the gateway's does. */
function opens(key: KeyTruth | null): boolean {
  if (key === null || !key.isActive) return false
  return key.expiresAt === null || Date.parse(key.expiresAt) > Date.now()
}
