import type { ModelQuery } from '../../src/domain/catalog.ts'
import { signIdentity } from '../../src/http/identity.ts'
import type { Judge } from '../oracle/judge.ts'
import { allOf, type Verdict } from '../oracle/verdict.ts'
import type { Credential, World } from '../oracle/world.ts'
import { Chats } from './chats.ts'
import type { Choices } from './choices.ts'
import type { Answer, Call, ReadOperation } from './operation.ts'
import { blamedIn, PROMISES } from './promises.ts'

const TRANSACTIONS = 20

/** Secrets that the driver shares with the gateway. */
export interface Secrets {
  readonly adminToken: string
  readonly identitySecret: string
}

/** The requests of traffic that change nothing. */
export class Reads {
  readonly #judge: Judge
  readonly #world: World
  readonly #secrets: Secrets
  readonly #chats: Chats

  constructor(judge: Judge, world: World, secrets: Secrets) {
    this.#judge = judge
    this.#world = world
    this.#secrets = secrets
    this.#chats = new Chats(judge, world)
  }

  profile(of: Credential): ReadOperation {
    return this.#own(of, '/user/profile', (body, answer) => this.#judge.profile(body, answer, of))
  }

  balance(of: Credential): ReadOperation {
    return this.#own(of, '/user/balance', (body, answer) => this.#judge.balance(body, answer, of.userId))
  }

  movements(of: Credential): ReadOperation {
    return this.#own(of, `/user/credit-transactions?limit=${TRANSACTIONS}`, (body, answer) =>
      this.#judge.movements(body, answer, of.userId, TRANSACTIONS),
    )
  }

  plan(of: Credential): ReadOperation {
    return this.#own(of, '/user/plan', (body, answer) => this.#judge.heldPlan(body, answer, of.userId))
  }

  keys(of: Credential): ReadOperation {
    return this.#own(of, '/user/api-keys', (body, answer) => this.#judge.keys(body, answer, of.userId))
  }

  /** A key that was never issued. */
  unknownKey(plaintext: string): ReadOperation {
    const call: Call = { layer: 'account', method: 'GET', path: '/user/profile', token: plaintext }
    return { kind: 'read', call, judge: (answer) => this.#judge.refused(answer) }
  }

  /** A login of somebody with an identity, or undefined for a user without one. */
  login(userId: number, address: string): ReadOperation | undefined {
    const { privyUserId } = this.#world.user(userId)
    if (privyUserId === null) return undefined
    const identity = signIdentity({ privyUserId, username: null }, this.#secrets.identitySecret)
    const call: Call = { layer: 'account', method: 'POST', path: '/auth/login', body: { identity }, address }
    const judge = (answer: Answer) =>
      this.#judge.open(answer, (body) =>
        allOf([this.#judge.user(body, answer, userId), this.#judge.keys(body, answer, userId)]),
      )
    return {
      kind: 'read',
      call,
      judge: (answer) => {
        const blamed = blamedIn(answer)
        this.#world.ledger.note(answer, { subject: `login ${address}`, limits: PROMISES.login, blamed })
        return this.#judge.limitedOpen(blamed, () => judge(answer))
      },
    }
  }

  plans(): ReadOperation {
    return this.#open({ layer: 'account', method: 'GET', path: '/plans' }, (body, answer) =>
      this.#judge.plans(body, answer),
    )
  }

  models(query: ModelQuery): ReadOperation {
    const parameters = new URLSearchParams(
      Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const path = `/models${parameters.size === 0 ? '' : `?${parameters}`}`
    return this.#catalog(path, (answer) => this.#judge.models(answer, query))
  }

  model(id: string): ReadOperation {
    return this.#catalog(`/models/${encodeId(id)}`, (answer) => this.#judge.model(answer, id))
  }

  price(id: string): ReadOperation {
    return this.#catalog(`/pricing/${encodeId(id)}`, (answer) => this.#judge.price(answer, id))
  }

  providers(): ReadOperation {
    return this.#catalog('/provider', (answer) => this.#judge.providers(answer))
  }

  rateLimits(keyId: number): ReadOperation {
    const path = `/admin/rate-limits/config?keyId=${keyId}`
    const call: Call = { layer: 'admin', method: 'GET', path, token: this.#secrets.adminToken }
    return this.#open(call, (body, answer) => this.#judge.rateLimits(body, answer, keyId))
  }

  /** What support asks about a key. */
  lookUp(of: Credential): ReadOperation {
    const { adminToken: token } = this.#secrets
    const call: Call = {
      layer: 'admin',
      method: 'POST',
      path: '/admin/look-up-key',
      token,
      body: { apiKey: of.plaintext },
    }
    return { kind: 'read', call, judge: (answer) => this.#judge.lookUp(answer, of) }
  }

  /** Any of them, in the proportions of traffic. */
  any(choices: Choices): ReadOperation {
    const share = choices.random.next()
    if (share < 0.34) return this.profile(choices.credential())
    if (share < 0.5) return this.balance(choices.credential())
    if (share < 0.58) return this.plan(choices.credential())
    if (share < 0.61) return this.movements(choices.credential())
    if (share < 0.63) return this.keys(choices.credential())
    if (share < 0.65) return this.login(choices.credential().userId, choices.address()) ?? this.plans()
    if (share < 0.67) return this.plans()
    if (share < 0.68) return this.unknownKey(`gw_live_${choices.fresh('unknown').padEnd(32, '0')}`)
    if (share < 0.7) return this.rateLimits(choices.credential().keyId)
    if (share < 0.72) return this.lookUp(choices.credential())
    return this.#anyOfModels(share, choices)
  }

  #anyOfModels(share: number, choices: Choices): ReadOperation {
    const { random } = choices
    if (share < 0.77) return this.#chats.any(choices)
    if (share < 0.83) return this.model(choices.modelId())
    if (share < 0.87) return this.price(choices.modelId())
    if (share < 0.92) return this.models({ provider: choices.slug() })
    if (share < 0.97) return this.models({ limit: 50, offset: 50 * random.integer(6), unique: false })
    if (share < 0.98) return this.models({ limit: 20, offset: 20 * random.integer(3), unique: true })
    if (share < 0.99) return this.providers()
    return this.models({})
  }

  #own(
    of: Credential,
    path: string,
    judgeBody: (body: Record<string, unknown>, answer: Answer) => Verdict,
  ): ReadOperation {
    const call: Call = { layer: 'account', method: 'GET', path, token: of.plaintext }
    return { kind: 'read', call, judge: (answer) => this.#judge.own(answer, of, (body) => judgeBody(body, answer)) }
  }

  #open(call: Call, judgeBody: (body: Record<string, unknown>, answer: Answer) => Verdict): ReadOperation {
    return { kind: 'read', call, judge: (answer) => this.#judge.open(answer, (body) => judgeBody(body, answer)) }
  }

  #catalog(path: string, judge: (answer: Answer) => Verdict): ReadOperation {
    return { kind: 'read', call: { layer: 'catalog', method: 'GET', path, conditional: true }, judge }
  }
}

function encodeId(id: string): string {
  return id.split('/').map(encodeURIComponent).join('/')
}
