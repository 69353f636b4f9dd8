import type { Duration } from '../duration.ts'

/** What a `key` or `partition` function may return: anything with a canonical text. */
export type KeyPart =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | Date
  | Uint8Array
  | readonly KeyPart[]
  | { readonly [field: string]: KeyPart }

/**
 * How one name is cached.
 *
 * Option functions are called with `this` set to the instance, the value first where there is one, then the arguments of
 * the call by position.
 */
export interface Policy<A extends readonly unknown[] = readonly unknown[], V = unknown> {
  /** How long a value is fresh, counted from the end of its load. Required: an entry without an end cannot be written. */
  readonly ttl: Duration | ((value: NonNullable<V>, ...args: A) => Duration)
  /** How long `null` and `undefined` are fresh. Default: the ttl, at most 30 s. */
  readonly negativeTtl?: Duration
  /** Tags of an entry, known before or computed from its value. */
  readonly tags?: readonly string[] | ((value: NonNullable<V>, ...args: A) => readonly string[])
  /** Tags of a `null` or `undefined` entry. Default: none. */
  readonly negativeTags?: (...args: A) => readonly string[]
  /** What names the call. Default: all arguments. */
  readonly key?: (...args: A) => KeyPart
  /** Positions of arguments left out of the key: an AbortSignal, a transaction, a logger. */
  readonly ignore?: readonly number[]
  /** Arguments that are secrets, all or by position: a keyed digest stands in the key, never the argument. */
  readonly secret?: boolean | readonly number[]
  /** Separates entries by instance or tenant. */
  readonly partition?: (...args: A) => KeyPart
  /** The version of the value's shape; raise it in the deploy that changes it. Default: 1. */
  readonly version?: number
  /** Whether the cache is used for this call at all. Default: always. */
  readonly condition?: (...args: A) => boolean
  /** Whether this value may be stored. Default: always. */
  readonly shouldCache?: (value: V, ...args: A) => boolean
  /** RFC 5861: how long after the ttl a stale value is served at once while one refresh runs. Default: never. */
  readonly staleWhileRevalidate?: Duration
  /** RFC 5861: how long after the ttl a stale value is served when loading fails. Default: never. */
  readonly staleIfError?: Duration
  /** Refresh in the background once this share of the ttl has passed, above 0 and below 1. Default: never. */
  readonly refreshAhead?: number
  /** XFetch (Vattani et al., PVLDB 8(8), 2015): early refresh, more probable near the end; 1 is the paper's. Default: off. */
  readonly beta?: number
  /** Random share taken from or added to each ttl, so that entries do not expire together, 0 to 0.5. Default: 0.1. */
  readonly jitter?: number
  /** How long a caller waits for a load when a stale value exists; the load goes on. Default: until it ends. */
  readonly softTimeout?: Duration
  /** How long a load may take: then its AbortSignal fires and its callers get `LoadTimeout`. Default: no limit. */
  readonly hardTimeout?: Duration
  /**
   * What a hit shares. `freeze`: plain data is frozen and shared, anything else is copied per hit. `clone`: every hit is a
   * copy of its own. `trust`: shared as it is. Default: `freeze`.
   */
  readonly copy?: 'freeze' | 'clone' | 'trust'
  /** Seal payloads in Redis with the cache's `encrypt` keys. Default: true when the cache has keys. */
  readonly encrypt?: boolean
  /**
   * `bus`: process memory follows the invalidation bus within `maxStaleness`. `strong`: memory is skipped and every read
   * is answered by Redis or a load. Default: the cache's.
   */
  readonly consistency?: 'bus' | 'strong'
}

/** A policy whose ttl may come from the cache's `defaults`. */
export type PartialPolicy<A extends readonly unknown[] = readonly unknown[], V = unknown> = Omit<Policy<A, V>, 'ttl'> &
  Partial<Pick<Policy<A, V>, 'ttl'>>

/** Policy options that make sense for every name of a cache. */
export type PolicyDefaults = Pick<
  PartialPolicy,
  | 'negativeTtl'
  | 'staleWhileRevalidate'
  | 'staleIfError'
  | 'refreshAhead'
  | 'beta'
  | 'jitter'
  | 'softTimeout'
  | 'hardTimeout'
  | 'copy'
  | 'encrypt'
  | 'consistency'
> & {
  /** The ttl of names that give none. */
  readonly ttl?: Duration
}
