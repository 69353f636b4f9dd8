import type { RedisFailure } from '../errors.ts'
import type { RemovalCause } from '../tiers/memory-tier.ts'

/** Which tier answered. */
export type Tier = 'l1' | 'l2' | 'loader'

/** Everything that a cache tells, noun first, in the past tense. Keys are in their safe form: secrets are digests. */
export type CacheEvent =
  | EntryHit
  | { readonly type: 'entry-missed'; readonly name: string; readonly key: string }
  | { readonly type: 'call-bypassed'; readonly name: string }
  | { readonly type: 'flight-joined'; readonly name: string; readonly key: string }
  | { readonly type: 'lease-acquired'; readonly name: string; readonly key: string }
  | { readonly type: 'lease-waited'; readonly name: string; readonly key: string }
  | { readonly type: 'lease-lost'; readonly name: string; readonly key: string }
  | { readonly type: 'load-started'; readonly name: string; readonly key: string; readonly reason: LoadReason }
  | { readonly type: 'load-hedged'; readonly name: string; readonly key: string }
  | { readonly type: 'load-finished'; readonly name: string; readonly key: string; readonly duration: number }
  | { readonly type: 'load-failed'; readonly name: string; readonly key: string; readonly cause: unknown }
  | {
      readonly type: 'entry-stored'
      readonly name: string
      readonly key: string
      readonly tier: 'l1' | 'l2'
      readonly bytes: number
    }
  | { readonly type: 'commit-rejected'; readonly name: string; readonly key: string }
  | {
      readonly type: 'value-refused'
      readonly name: string
      readonly key: string
      readonly path: string
      readonly reason: string
    }
  | { readonly type: 'entry-removed'; readonly name: string; readonly cause: RemovalCause }
  | { readonly type: 'frame-rejected'; readonly name: string; readonly key: string; readonly cause: unknown }
  | { readonly type: 'invalidation-sent'; readonly targets: InvalidationSummary; readonly delivered: boolean }
  | { readonly type: 'invalidation-received'; readonly targets: InvalidationSummary }
  | { readonly type: 'redis-failed'; readonly reason: RedisFailure; readonly cause: unknown }
  | { readonly type: 'redis-lost'; readonly reason: RedisFailure; readonly cause: unknown }
  | { readonly type: 'redis-awaited'; readonly reason: RedisFailure; readonly since: number; readonly cause: unknown }
  | { readonly type: 'redis-recovered'; readonly downFor: number; readonly replayed: number }
  /** One master of a cluster is not in use: calls for its keys go to their loaders. */
  | { readonly type: 'shard-lost'; readonly node: string; readonly reason: RedisFailure; readonly cause: unknown }
  /** Every slot of the cluster is served again. */
  | { readonly type: 'shards-recovered'; readonly downFor: number }
  | { readonly type: 'outbox-delivered'; readonly messages: number }
  | { readonly type: 'outbox-failed'; readonly cause: unknown }
  | { readonly type: 'option-failed'; readonly name: string; readonly option: string; readonly cause: unknown }
  | { readonly type: 'advice-given'; readonly advice: string }

/** A value was served from a tier without a load of its own. */
export interface EntryHit {
  readonly type: 'entry-hit'
  readonly name: string
  readonly key: string
  readonly tier: 'l1' | 'l2'
  readonly outcome: 'hit' | 'stale'
  readonly negative: boolean
  /** Milliseconds since the value's load ended. */
  readonly age: number
}

/** Why a load runs. */
export type LoadReason = 'miss' | 'refresh'

/** What an invalidation named: how many keys, and which tags or names, in the form in which they travel. */
export interface InvalidationSummary {
  readonly keys: number
  readonly tags: number
  readonly names: readonly string[]
  readonly namespace: boolean
}

/** The event of one type. */
export type EventOf<T extends CacheEvent['type']> = Extract<CacheEvent, { readonly type: T }>
