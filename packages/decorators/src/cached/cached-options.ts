import type { Cache, Duration, KeyPart, Policy } from '@granary/core'
import type { AsyncMethod, MethodCheck, Misfits, Mismatch, Present, Resolved } from '../method/fit.ts'

/** How one call of a batch method answers: a Map by id, an array in the order of the ids, or `true` to find out. */
export type BatchShape = true | 'map' | 'array'

/**
 * What `@Cached` takes: a name, and the policy of the entries stored under it.
 *
 * The functions are called with the instance as `this`, the value first where there is one, then the method's arguments by
 * position. Their parameters must be annotated: the compiler then checks them against the method, but cannot infer them.
 */
export interface CachedOptions extends Omit<Policy, OptionFunction> {
  /** Names the entries for good: key prefix, metric label and node of the cache graph. Unique among cached methods. */
  readonly name: string
  /** The cache to use. Default: the instance's `cache`, then its class's `@CacheScope`, then the configured one. */
  readonly cache?: Cache
  /**
   * The method takes an array of ids first and answers with a Map by id or an array in their order: entries are kept by
   * id, and the method is called for the missing ones only. The functions are then called with one id and one value.
   * With `true` the answer's form is learned from the first load.
   */
  readonly batch?: BatchShape
  /** How long a value is fresh, such as `'5m'`, or a function of the value. Required. */
  readonly ttl: Duration | ((value: never, ...args: never[]) => Duration)
  /** Tags of the entry, known before or computed from its value. */
  readonly tags?: readonly string[] | ((value: never, ...args: never[]) => readonly string[])
  /** Tags of a `null` or `undefined` entry. */
  readonly negativeTags?: (...args: never[]) => readonly string[]
  /** What names the call. Default: all arguments. */
  readonly key?: (...args: never[]) => KeyPart
  /** Separates entries by instance or tenant. */
  readonly partition?: (...args: never[]) => KeyPart
  /** Whether the cache is used for this call at all. */
  readonly condition?: (...args: never[]) => boolean
  /** Whether this value may be stored. */
  readonly shouldCache?: (value: never, ...args: never[]) => boolean
}

type OptionFunction = 'ttl' | 'tags' | 'negativeTags' | 'key' | 'partition' | 'condition' | 'shouldCache'

/** Checks the functions in `O` against the method they stand on. */
export interface CachedCheck<O> extends MethodCheck {
  readonly misfits: O extends { readonly batch: BatchShape }
    ? BatchMisfits<this['method'], O>
    : Misfits<O, CalledWith<Parameters<this['method']>, Resolved<this['method']>>>
}

type BatchMisfits<F extends AsyncMethod, O extends { readonly batch: BatchShape }> = [BatchItem<F>] extends [never]
  ? Mismatch<'batch', '(ids: Id[], ...rest) => Promise<Map<Id, Value> | Value[]>'>
  : BatchItem<F> extends [infer A extends unknown[], infer V, infer Shape]
    ? O['batch'] extends true | Shape
      ? Misfits<O, CalledWith<A, V>>
      : Mismatch<'batch', Shape>
    : never

/** One item of a batch method: its arguments, its value and the form of the answer; `never` for any other method. */
export type BatchItem<F extends AsyncMethod> =
  Parameters<F> extends [infer Ids extends readonly unknown[], ...infer Rest]
    ? Resolved<F> extends ReadonlyMap<unknown, infer V>
      ? [args: [id: Ids[number], ...rest: Rest], value: V, shape: 'map']
      : Resolved<F> extends readonly (infer V)[]
        ? [args: [id: Ids[number], ...rest: Rest], value: V, shape: 'array']
        : never
    : never

interface CalledWith<A extends unknown[], V> {
  readonly ttl: [value: Present<V>, ...args: A]
  readonly tags: [value: Present<V>, ...args: A]
  readonly negativeTags: A
  readonly key: A
  readonly partition: A
  readonly condition: A
  readonly shouldCache: [value: V, ...args: A]
}
