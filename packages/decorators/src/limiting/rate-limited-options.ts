import type { Duration } from '@granary/core'
import type { Limit, LimitSetOptions, RateLimiter, Refused } from '@granary/rate-limit'
import type { AsyncMethod, MethodCheck, Misfits, Mismatch, Resolved, StreamMethod } from '../method/fit.ts'

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
  /**
   * What it did cost, by limit, once its result is there; of a stream, what it returned at its end. A call that rejects, and a
   * stream that is left before its end, cost what was expected.
   */
  readonly settle?: ByLimit
  /**
   * What a refused call does: rejects with `RateLimitExceeded` (`'throw'`, the default), waits until it is admitted, for
   * `maxWait` at most (`'wait'`), or resolves to what a function of the refusal and the arguments says instead; for a
   * method with a stream that is another stream.
   */
  readonly onLimit?: 'throw' | 'wait' | ((refusal: Refused, ...args: never[]) => unknown)
  /** How long `onLimit: 'wait'` may take. Default: `'5s'`. */
  readonly maxWait?: Duration
  /** The limiter to use. Default: the configured one. */
  readonly rateLimiter?: RateLimiter
}

/** Checks the functions in `O` against the method they stand on. */
export interface RateLimitedCheck<O extends RateLimitedOptions> extends MethodCheck<unknown> {
  readonly misfits:
    | Misfits<O, CalledWith<Arguments<this['method']>>>
    | MisfitsByLimit<O['cost'], O, Arguments<this['method']>, 'cost'>
    | MisfitsByLimit<O['settle'], O, [result: Outcome<this['method']>, ...args: Arguments<this['method']>], 'settle'>
    | Answer<O['onLimit'], Instead<this['method']>>
}

type Arguments<F> = F extends AsyncMethod | StreamMethod ? Parameters<F> : never

/** What a call comes to: what its promise resolves to, or what its stream returns at the end. */
type Outcome<F> = F extends AsyncMethod
  ? Resolved<F>
  : F extends (...args: never[]) => AsyncIterable<unknown, infer R>
    ? R
    : never

/** What a refused call can be answered with. */
type Instead<F> = F extends AsyncMethod
  ? Resolved<F>
  : F extends (...args: never[]) => AsyncIterable<infer T>
    ? AsyncIterable<T>
    : never

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
