import { GranaryError, type GranaryErrorCode, InvalidOption } from '@granary/core'
import { type LimitSet, RateLimitExceeded, type RateLimiter, type Refused } from '@granary/rate-limit'
import type { AnyMethodDecorator, AsyncMethod, OnlyKnown } from '../method/fit.ts'
import { defineMethodDecorator } from '../method/method-decorator.ts'
import type { MethodSite } from '../method/method-site.ts'
import { registry } from '../method/registry.ts'
import type { DecoratedMethod } from '../method/wrap.ts'
import { answerOf, type LimitedCall, streamOf } from './limited-call.ts'
import { type LimitedPlan, readOptions } from './limited-plan.ts'
import type { ByLimit, RateLimitedCheck, RateLimitedOptions } from './rate-limited-options.ts'

/** A rate-limited method was called, and there is no limiter: neither option nor configuration names one. */
export class NoRateLimiter extends GranaryError {
  constructor(where: string) {
    const code = 'NO_RATE_LIMITER' as unknown as GranaryErrorCode
    super(code, `${where} has no rate limiter: call configureGranary({ rateLimiter }), or give the rateLimiter option.`)
  }
}

/**
 * Counts the calls of a method, by whom `key` says, and refuses those above the limits.
 *
 * Decorators act in the order in which they are written: above `@Cached` every call counts, below it only those that load.
 * Under a `concurrency` limit, or with `settle`, a call holds its place while it runs, and is settled when it has resolved.
 *
 * It stands on `async *` methods too. Their limits are asked when the first piece is wanted, so that a stream that nobody reads
 * costs nothing; its place is held until its last piece, or until its reader leaves.
 *
 * @example
 * ```ts
 * class AuthService {
 *   @RateLimited({ name: 'login', limits: { attempts: window(10, '15m') }, key: (ip: string) => ip })
 *   async login(ip: string, credentials: Credentials): Promise<Session> {
 *     return this.sessions.open(credentials)
 *   }
 * }
 * ```
 * @throws InvalidOption at decoration, naming the method and the option.
 * @throws NotDecoratable at decoration, on anything but a method.
 * @throws InvalidOption from a call whose `key` names nobody: undefined, say, or an object.
 * @throws RateLimitExceeded from a call that is refused.
 * @throws RateLimitUnavailable from a call when Redis is away and `onStoreFailure` is `'closed'`.
 * @throws NoRateLimiter from a call when none is configured.
 */
export function RateLimited<const O extends RateLimitedOptions>(
  options: O & OnlyKnown<O, RateLimitedOptions>,
): AnyMethodDecorator<RateLimitedCheck<O>> {
  return defineMethodDecorator({
    kind: 'rate-limited',
    decorator: '@RateLimited',
    name: options.name,
    takesStreams: true,
    plan: (decorated) => {
      const plan = readOptions(options, decorated.site)
      return { wrapper: limitedWrapper(decorated, plan), options: Object.freeze({ ...options }) }
    },
  }) as AnyMethodDecorator<RateLimitedCheck<O>>
}

function limitedWrapper(decorated: DecoratedMethod, plan: LimitedPlan): AsyncMethod {
  const { isStream, site } = decorated
  const callOf = callsOf(decorated, plan)
  const wrappers = {
    async promise(this: unknown, ...args: unknown[]): Promise<unknown> {
      return answerOf(callOf(this, args), site.where)
    },
    stream(this: unknown, ...args: unknown[]): AsyncIterable<unknown> {
      return streamOf(() => callOf(this, args))
    },
  }
  return isStream ? (wrappers.stream as unknown as AsyncMethod) : wrappers.promise
}

function callsOf({ method, site, claim }: DecoratedMethod, plan: LimitedPlan) {
  const setOf = limitSets(plan, site, claim)
  return (self: unknown, args: readonly unknown[]): LimitedCall => ({
    set: setOf(),
    subject: subjectOf(plan.key.apply(self, args as never[]), site),
    costs: amounts(plan.cost, self, args),
    waiting: plan.waiting,
    holds: plan.holds,
    run: () => method.apply(self, args as never[]),
    refuse: (refusal: Refused) => {
      if (typeof plan.onLimit !== 'function') throw new RateLimitExceeded(refusal)
      return plan.onLimit.call(self, refusal, ...(args as never[]))
    },
    settled: (result: unknown) => (plan.settle === undefined ? {} : amounts(plan.settle, self, [result, ...args])),
  })
}

/** What names nobody would give everybody the limits of one. */
function subjectOf(key: unknown, site: MethodSite): string {
  if (typeof key === 'string' || typeof key === 'bigint' || (typeof key === 'number' && !Number.isNaN(key)))
    return String(key)
  throw new InvalidOption(site.at('key'), key, 'it answers with a text or a number: whose limits these are')
}

/** The limit set of each limiter that the method is ever called under; tests configure others. */
function limitSets({ name, set, rateLimiter }: LimitedPlan, site: MethodSite, claim: () => boolean): () => LimitSet {
  const sets = new WeakMap<RateLimiter, LimitSet>()
  return () => {
    const limiter = rateLimiter ?? registry.configuration.rateLimiter
    if (limiter === undefined) throw new NoRateLimiter(site.where)
    const known = sets.get(limiter)
    if (known !== undefined) return known
    const made = limiter.define(name, set, { replace: claim() })
    sets.set(limiter, made)
    return made
  }
}

function amounts(functions: ByLimit, self: unknown, args: readonly unknown[]): Record<string, number> {
  const made: Record<string, number> = {}
  for (const limit of Object.keys(functions)) made[limit] = functions[limit]?.apply(self, args as never[]) as number
  return made
}
