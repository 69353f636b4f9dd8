import type { RedisFailure } from '../errors.ts'
import { Histogram, type LatencySummary } from './histogram.ts'

/** Counters of one name, as its callers experienced it. */
export class NameCounters {
  hitsL1 = 0
  hitsL2 = 0
  hitsStale = 0
  hitsNegative = 0
  misses = 0
  bypassed = 0
  sets = 0
  errors = 0
  invalidations = 0
  loads = 0
  loadFailures = 0
  joined = 0
  hedged = 0
  rejected = 0
  refused = 0
  bytesWritten = 0
  bytesRead = 0
  readonly l1 = new Histogram()
  readonly l2 = new Histogram()
  readonly load = new Histogram()
}

/** What the counters of a name amount to. The first seven fields keep the names that dashboards of the field know. */
export interface CacheStats {
  /** Calls answered from memory or Redis, stale ones included. */
  readonly hits: number
  /** Calls that had to wait for a load, their own or a joined one. */
  readonly misses: number
  /** Values stored. */
  readonly sets: number
  /** Failures of the cache that callers did not see. */
  readonly errors: number
  /** Invalidations issued by this process. */
  readonly invalidations: number
  /** `hits / (hits + misses)`, in percent with two digits; 0 before the first call. */
  readonly hit_rate_percent: number
  /** Whether Redis is configured and in use now. */
  readonly redis_available: boolean
  readonly hitsL1: number
  readonly hitsL2: number
  readonly hitsStale: number
  readonly hitsNegative: number
  readonly bypassed: number
  readonly loads: number
  readonly loadFailures: number
  /** Calls that shared a load which another call had started. */
  readonly joined: number
  /** Loads that began beside a slow Redis (`redis.slowAfter`). */
  readonly hedged: number
  /** Loads whose result was not stored because of an invalidation meanwhile. */
  readonly rejected: number
  /** Values that were not stored because they could not come back equal. */
  readonly refused: number
  readonly evictions: number
  readonly bytesWritten: number
  readonly bytesRead: number
  readonly latency: { readonly l1: LatencySummary; readonly l2: LatencySummary; readonly load: LatencySummary }
}

/** The counters of a cache and of each of its names. */
export interface Stats extends Omit<CacheStats, 'latency'> {
  /** Same as `hit_rate_percent`. */
  readonly hitRatePercent: number
  /** Same as `redis_available`. */
  readonly redisAvailable: boolean
  /** Why Redis is not in use, and since when (unix milliseconds). */
  readonly degraded: { readonly reason: string; readonly since: number } | undefined
  /** Commands to Redis that failed, by cause. */
  readonly redisFailures: Readonly<Partial<Record<RedisFailure, number>>>
  readonly entries: number
  readonly bytes: number
  /** Invalidations waiting for Redis. */
  readonly queued: number
  readonly names: Readonly<Record<string, CacheStats>>
}

/** The sums of all counters that are plain numbers. */
export type Totals = { [Field in Exclude<keyof NameCounters, 'l1' | 'l2' | 'load'>]: number }

/** Adds up counters of several names. */
export function addUp(counters: Iterable<NameCounters>): Totals {
  const totals = new NameCounters()
  for (const each of counters) addTo(totals, each)
  return totals
}

/** Adds the counters of a name to others. Latencies are left as they are. */
export function addTo(totals: NameCounters, counters: NameCounters): void {
  for (const field of Object.keys(totals) as (keyof NameCounters)[]) {
    if (field !== 'l1' && field !== 'l2' && field !== 'load') totals[field] += counters[field]
  }
}

/** The public form of counters. */
export function describeCounters(
  totals: Totals,
  evictions: number,
  redisAvailable: boolean,
): Omit<CacheStats, 'latency'> {
  const hits = totals.hitsL1 + totals.hitsL2 + totals.hitsStale
  const calls = hits + totals.misses
  return {
    hits,
    misses: totals.misses,
    sets: totals.sets,
    errors: totals.errors,
    invalidations: totals.invalidations,
    hit_rate_percent: calls === 0 ? 0 : Math.round((hits / calls) * 10_000) / 100,
    redis_available: redisAvailable,
    hitsL1: totals.hitsL1,
    hitsL2: totals.hitsL2,
    hitsStale: totals.hitsStale,
    hitsNegative: totals.hitsNegative,
    bypassed: totals.bypassed,
    loads: totals.loads,
    loadFailures: totals.loadFailures,
    joined: totals.joined,
    hedged: totals.hedged,
    rejected: totals.rejected,
    refused: totals.refused,
    evictions,
    bytesWritten: totals.bytesWritten,
    bytesRead: totals.bytesRead,
  }
}
