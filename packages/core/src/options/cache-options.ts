import type { ClassRegistration } from '@granary/serialization'
import type { Clock } from '../clock.ts'
import type { Duration } from '../duration.ts'
import type { Random } from '../random.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { PolicyDefaults } from './policy.ts'
import type { RedisInput } from './redis-client.ts'

/** How the memory of one process follows what others write: see {@link CacheOptions.coherence}. */
export type Coherence = 'bus' | 'tracking' | 'acknowledged'

/** Options of `createCache`. Everything has a default: `createCache()` is a memory-only cache. */
export interface CacheOptions {
  /** Separates applications that share a Redis: letters, digits, `_`, `-` and `.`. Default: `'granary'`. */
  readonly namespace?: string
  /**
   * The Redis behind process memory: a URL, ioredis options, an ioredis client (it is duplicated, never reconfigured),
   * `'env'` for the `REDIS_*` variables, or options with a `client` of these. Default: none, memory only.
   */
  readonly redis?: RedisInput | RedisTierOptions
  /** What secret arguments are digested with: at least 16 bytes; a list rotates, the first is current. Default: `GRANARY_PEPPER`. */
  readonly pepper?: string | readonly string[]
  /** Bounds of process memory. Default: 10,000 entries and 64 MiB, estimated. */
  readonly memory?: { readonly maxEntries?: number; readonly maxBytes?: number }
  /** Policy options for names that do not give their own. */
  readonly defaults?: PolicyDefaults
  /** How long values in this process's memory may lag behind an invalidation issued elsewhere, at most. Default: `'1s'`. */
  readonly maxStaleness?: Duration
  /**
   * How memory follows what others write.
   *
   * `bus`: invalidations by this library arrive as messages. `tracking`: besides, Redis tells of every write to a key that
   * memory may hold (`CLIENT TRACKING`), so that `redis-cli DEL`, programs in other languages, expiry and FLUSHALL reach it
   * within `maxStaleness` too. It costs a small read for each copy whose key was written, by whomever, and memory of the
   * server for each key that a process has read. `acknowledged`: an invalidation resolves when every process has applied it,
   * or may not serve its memory any more: reads from memory are then as exact as reads of Redis, in every process. Each
   * process serves memory under a lease of `maxStaleness`, so one that is frozen or cut off makes invalidations wait so
   * long; otherwise they take a few messages more. Default: `bus`. Without Redis there is nobody to follow.
   */
  readonly coherence?: Coherence
  /** Serve memory for a while after Redis was lost. Default: not at all; loads, not stale answers, are the price of an outage. */
  readonly outage?: { readonly serveL1For: Duration }
  /** Keys that seal payloads in Redis with AES-256-GCM: 32 bytes each, or their base64; the first seals, all open. */
  readonly encrypt?: { readonly keys: readonly { readonly id: string; readonly key: Uint8Array | string }[] }
  /** Classes whose instances may be cached. */
  readonly classes?: readonly ClassRegistration[]
  /** LZ4 for large payloads; `false` switches it off. */
  readonly compression?: { readonly threshold?: number; readonly minSaving?: number } | false
  /** Any pino-like logger. Default: none; warnings then go to `process.emitWarning`. */
  readonly logger?: Logger
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
  /** False, or `GRANARY_DISABLED=1`: every call goes to its loader. */
  readonly enabled?: boolean
}

/** How Redis is used. */
export interface RedisTierOptions {
  /** Where Redis is. */
  readonly client: RedisInput
  /** What one call may wait for Redis in all. Default: `'250ms'`. */
  readonly callBudget?: Duration
  /**
   * Start the load beside Redis when Redis has not said after this long whether it is needed; whichever answers first is
   * served. Such a load is not stored in Redis. Must be below `callBudget`. Default: never.
   */
  readonly slowAfter?: Duration
  /** How long a lease lives without its holder, at most `'30s'`; a longer load renews it. Default: `'3s'`. */
  readonly leaseTime?: Duration
  /** `ready()` rejects when Redis cannot be reached. Default: false. */
  readonly required?: boolean
}
