import type { Engine } from './engine/engine.ts'
import type { NameState } from './engine/operation.ts'
import type { CallReport } from './flight/call-scope.ts'
import type { ForgottenNames } from './names.ts'
import { addUp, type CacheStats, describeCounters, type Stats } from './telemetry/stats.ts'

/** What one call was answered with, and from where. */
export interface Observed<V> extends CallReport {
  readonly value: V
}

/** The state of a cache for a health route. */
export interface Health {
  /** `ok`, or `degraded` while a configured Redis is not in use. */
  readonly status: 'ok' | 'degraded' | 'closed'
  readonly redis: 'open' | 'connecting' | 'away' | 'none'
  readonly reason: string | undefined
  /** Unix milliseconds. */
  readonly since: number | undefined
  readonly queued: number
}

/** What a test may ask about the inside: everything is 0 when nothing runs. */
export interface Inspection {
  readonly flights: number
  readonly background: number
  readonly puts: number
  readonly queued: number
}

/** What is known of the connection to Redis. */
export interface ConnectionReport {
  readonly state: Health['redis']
  readonly reason: string | undefined
  readonly since: number | undefined
}

/** What counts beside the names that are known. */
interface Beside {
  readonly connection: ConnectionReport
  /** Invalidations that belong to no name of this process. */
  readonly nameless: number
  readonly forgotten: ForgottenNames
}

/** What the cache counted, in all and by name. */
export function statsOf(
  { memory, queue, failures }: Engine,
  states: readonly NameState[],
  { connection, nameless, forgotten }: Beside,
): Stats {
  const { state, reason, since } = connection
  const available = state === 'open'
  const evictions = states.reduce((sum, each) => sum + each.segment.evictions, forgotten.evictions)
  const counters = [...states.map((each) => each.counters), forgotten.counters]
  const totals = describeCounters(addUp(counters), evictions, available)
  const names: Record<string, CacheStats> = {}
  for (const each of states) {
    const { l1, l2, load } = each.counters
    names[each.policy.name] = {
      ...describeCounters(addUp([each.counters]), each.segment.evictions, available),
      latency: { l1: l1.summary(), l2: l2.summary(), load: load.summary() },
    }
  }
  return {
    ...totals,
    invalidations: totals.invalidations + nameless,
    hitRatePercent: totals.hit_rate_percent,
    redisAvailable: available,
    degraded: state === 'away' && since !== undefined ? { reason: reason ?? 'unknown', since } : undefined,
    redisFailures: Object.fromEntries(failures),
    entries: memory.size,
    bytes: memory.bytes,
    queued: queue.pending,
    names,
  }
}

/** The state of the cache. */
export function healthOf({ settings, queue }: Engine, { state, reason, since }: ConnectionReport): Health {
  const status = settings.closed ? 'closed' : state === 'away' ? 'degraded' : 'ok'
  return { status, redis: state, reason, since, queued: queue.pending }
}

/** What runs inside a cache now. */
export function inspectionOf({ flights, background, puts, queue }: Engine): Inspection {
  return { flights: flights.size, background: background.size, puts: puts.size, queued: queue.pending }
}
