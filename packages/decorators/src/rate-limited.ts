import {
  checkName,
  type Duration,
  GranaryError,
  type GranaryErrorCode,
  InvalidOption,
  parseDuration,
} from '@granary/core'
import {
  createRateLimiter,
  type Limit,
  type LimitSet,
  type LimitSetOptions,
  RateLimitExceeded,
  RateLimiter,
  type Refused,
} from '@granary/rate-limit'
import { NotAPromise } from './errors.ts'
import type {
  AsyncMethod,
  AsyncMethodDecorator,
  MethodCheck,
  Misfits,
  Mismatch,
  OnlyKnown,
  Resolved,
} from './method/fit.ts'
import { defineMethodDecorator } from './method/method-decorator.ts'
import type { MethodSite } from './method/method-site.ts'
import { registry } from './method/registry.ts'
import type { DecoratedMethod } from './method/wrap.ts'

/** Functions of a method's arguments, one for each limit that they are about. */
export type ByLimit = Readonly<Record<string, (...args: never[]) => number>>

/**
 * What `@RateLimited` takes: a name, the limits, and whose they are. Functions are called with the instance as `this` and the
 * method's arguments by position, `settle` with the result before them. Their parameters must be annotated.
 */
export interface RateLimitedOptions extends Omit<LimitSetOptions, 'limits'> {
  /** Names the limits for good: part of their keys, and of what errors say. Unique among rate-limited methods. */
  readonly name: string
  /** The limits, by name: `{ attempts: window(10, '15m') }`. All of them admit a call, or none is charged. */
  readonly limits: Readonly<Record<string, Limit>>
  /** Whose limits these are: a user, a key, an address. */
  readonly key: (...args: never[]) => string | number | bigint
  /** What a call is expected to cost, by limit. Default: 1 of each limit on requests, 0 of others. */
  readonly cost?: ByLimit
  /** What it did cost, by limit, once its result is there. A call that rejects costs what was expected. */
  readonly settle?: ByLimit
  /**
   * What a refused call does: rejects with `RateLimitExceeded` (`'throw'`, the default), waits until it is admitted, for
   * `maxWait` at most (`'wait'`), or resolves to what a function of the refusal and the arguments says instead.
   */
  readonly onLimit?: 'throw' | 'wait' | ((refusal: Refused, ...args: never[]) => unknown)
  /** How long `onLimit: 'wait'` may take. Default: `'5s'`. */
  readonly maxWait?: Duration
  /** The limiter to use. Default: the configured one. */
  readonly rateLimiter?: RateLimiter
}

/** Checks the functions in `O` against the method they stand on. */
export interface RateLimitedCheck<O extends RateLimitedOptions> extends MethodCheck {
  readonly misfits:
    | Misfits<O, CalledWith<Parameters<this['method']>>>
    | MisfitsByLimit<O['cost'], O, Parameters<this['method']>, 'cost'>
    | MisfitsByLimit<O['settle'], O, [result: Resolved<this['method']>, ...args: Parameters<this['method']>], 'settle'>
    | Answer<O['onLimit'], Resolved<this['method']>>
}

interface CalledWith<A extends unknown[]> {
  readonly key: A
  readonly onLimit: [refusal: Refused, ...args: A]
}

type MisfitsByLimit<B, O extends RateLimitedOptions, Args extends readonly unknown[], Option> = B extends ByLimit
  ? [Exclude<keyof B, keyof O['limits']>] extends [never]
    ? Misfits<B, { readonly [K in keyof B]: Args }>
    : Mismatch<Option, { readonly 'there is no limit of this name': Exclude<keyof B, keyof O['limits']> }>
  : never

type Answer<H, R> = H extends (...args: never[]) => infer Given
  ? [Awaited<Given>] extends [R]
    ? never
    : Mismatch<'onLimit', { readonly 'resolves to': Awaited<Given>; readonly 'the method resolves to': R }>
  : never

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
 * @throws RateLimitExceeded from a call that is refused.
 * @throws RateLimitUnavailable from a call when Redis is away and `onStoreFailure` is `'closed'`.
 * @throws NoRateLimiter from a call when none is configured.
 */
export function RateLimited<const O extends RateLimitedOptions>(
  options: O & OnlyKnown<O, RateLimitedOptions>,
): AsyncMethodDecorator<RateLimitedCheck<O>> {
  return defineMethodDecorator({
    kind: 'rate-limited',
    decorator: '@RateLimited',
    name: options.name,
    plan: (decorated) => {
      const plan = readOptions(options, decorated.site)
      return { wrapper: limitedWrapper(decorated, plan), options: Object.freeze({ ...options }) }
    },
  })
}

interface Plan extends Pick<RateLimitedOptions, 'name' | 'key' | 'onLimit'> {
  readonly rateLimiter: RateLimiter | undefined
  readonly set: LimitSetOptions
  readonly cost: ByLimit
  readonly settle: ByLimit | undefined
  readonly waiting: { readonly maxWait?: Duration }
  /** Whether a call holds something until it ends. */
  readonly holds: boolean
}

function readOptions(options: RateLimitedOptions, site: MethodSite): Plan {
  const { name, key, cost = {}, settle, onLimit = 'throw', maxWait = '5s', rateLimiter, ...set } = options
  checkName(name, site.at('name'))
  if (typeof key !== 'function') throw new InvalidOption(site.at('key'), key, 'it is a function of the arguments')
  if (onLimit !== 'throw' && onLimit !== 'wait' && typeof onLimit !== 'function') {
    throw new InvalidOption(site.at('onLimit'), onLimit, "it is 'throw', 'wait' or a function of the refusal")
  }
  if (rateLimiter !== undefined && !(rateLimiter instanceof RateLimiter)) {
    throw new InvalidOption(site.at('rateLimiter'), rateLimiter, 'it is a limiter made by createRateLimiter()')
  }
  parseDuration(maxWait, site.at('maxWait'))
  checkByLimit(cost, set, site.at('cost'))
  if (settle !== undefined) checkByLimit(settle, set, site.at('settle'))
  try {
    // What a limiter would refuse at the first call is refused here.
    createRateLimiter().define(name, set)
  } catch (error) {
    throw error instanceof GranaryError ? new InvalidOption(site.where, 'an option', error.message) : error
  }
  const holds = settle !== undefined || Object.values(set.limits).some(({ kind }) => kind === 'concurrency')
  return { name, key, cost, settle, onLimit, rateLimiter, set, holds, waiting: onLimit === 'wait' ? { maxWait } : {} }
}

function checkByLimit(functions: ByLimit, { limits }: LimitSetOptions, where: string): void {
  for (const [limit, each] of Object.entries(functions)) {
    if (!(limit in (limits ?? {})))
      throw new InvalidOption(where, limit, `the limits are ${Object.keys(limits ?? {}).join(', ')}`)
    if (typeof each !== 'function')
      throw new InvalidOption(`${where}.${limit}`, each, 'it is a function of the arguments')
  }
}

function limitedWrapper({ method, site, claim }: DecoratedMethod, plan: Plan): AsyncMethod {
  const setOf = limitSets(plan, site, claim)
  return {
    async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      const call: Call = {
        set: setOf(),
        subject: String(plan.key.apply(this, args as never[])),
        costs: amounts(plan.cost, this, args),
        body: () => {
          const running: unknown = method.apply(this, args)
          if (typeof (running as PromiseLike<unknown> | null)?.then === 'function') return running as Promise<unknown>
          throw new NotAPromise(site.where, running)
        },
        refuse: (refusal) => {
          if (typeof plan.onLimit !== 'function') throw new RateLimitExceeded(refusal)
          return plan.onLimit.call(this, refusal, ...(args as never[]))
        },
        settled: (result) => (plan.settle === undefined ? {} : amounts(plan.settle, this, [result, ...args])),
      }
      return plan.holds ? hold(call, plan) : count(call, plan)
    },
  }.wrapper
}

/** One call of a rate-limited method. */
interface Call {
  readonly set: LimitSet
  readonly subject: string
  readonly costs: Record<string, number>
  readonly body: () => Promise<unknown>
  readonly refuse: (refusal: Refused) => unknown
  readonly settled: (result: unknown) => Record<string, number>
}

async function count({ set, subject, costs, body, refuse }: Call, { waiting }: Plan): Promise<unknown> {
  const decision = await set.check(subject, costs, waiting)
  return decision.ok ? body() : refuse(decision)
}

async function hold({ set, subject, costs, body, refuse, settled }: Call, { waiting }: Plan): Promise<unknown> {
  const reservation = await set.reserve(subject, costs, waiting)
  return reservation.ok ? set.hold(reservation, body, settled) : refuse(reservation)
}

/** The limit set of each limiter that the method is ever called under; tests configure others. */
function limitSets({ name, set, rateLimiter }: Plan, site: MethodSite, claim: () => boolean): () => LimitSet {
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
