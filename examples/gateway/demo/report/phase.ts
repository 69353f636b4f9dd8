import type { Tally } from '../driver/tally.ts'
import { allLayers, type FleetCounts, hitRate, type LayerCounts } from '../fleet/stats.ts'
import { type Latency, summarise } from './latency.ts'

/** What one phase amounts to. Times in milliseconds. */
export interface PhaseReport {
  readonly cached: boolean
  readonly emulatedLatency: boolean
  readonly seconds: number
  /** Requests that were measured. */
  readonly requests: number
  /** Requests that were sent, those before the measurement included. */
  readonly sent: number
  readonly requestsPerSecond: number
  readonly changes: number
  readonly notModified: number
  readonly authentication: Latency
  readonly catalog: Latency
  readonly overall: Latency
  readonly queries: number
  readonly queriesPerRequest: number
  /** Processor time of the gateway processes; the database's is not in it. */
  readonly cpuPerRequest: number
  readonly layers: FleetCounts['layers']
  readonly all: LayerCounts
  readonly hitRate: number
  readonly judged: number
  readonly stale: number
  readonly errors: number
  readonly queued: number
  readonly largestStaleness: number
  /** The same where the change was queued because Redis could not be told. */
  readonly largestQueuedStaleness: number
  /** Answers that had ceased to be true more than 50 ms before. */
  readonly noticeablyStale: number
  readonly examples: readonly string[]
}

/** What a phase was and what was seen in it. */
export interface PhaseRecord {
  readonly cached: boolean
  readonly emulatedLatency: boolean
  readonly seconds: number
  /** What was seen before the measurement: judged, not timed. */
  readonly warmUp: Tally
  readonly tally: Tally
  readonly counts: FleetCounts
}

/** Sums up a phase. */
export function reportPhase({ cached, emulatedLatency, seconds, warmUp, tally, counts }: PhaseRecord): PhaseReport {
  const all = allLayers(counts)
  return {
    cached,
    emulatedLatency,
    seconds,
    requests: tally.requests,
    sent: warmUp.requests + tally.requests,
    requestsPerSecond: tally.requests / seconds,
    changes: tally.changes,
    notModified: tally.notModified,
    authentication: summarise(tally.authentication),
    catalog: summarise(tally.catalog),
    overall: summarise(tally.all),
    queries: counts.queries,
    queriesPerRequest: tally.requests === 0 ? 0 : counts.queries / tally.requests,
    cpuPerRequest: tally.requests === 0 ? 0 : counts.cpuMs / tally.requests,
    layers: counts.layers,
    all,
    hitRate: hitRate(all),
    judged: warmUp.judged + tally.judged,
    stale: warmUp.stale + tally.stale,
    errors: warmUp.errors + tally.errors,
    queued: warmUp.queued + tally.queued,
    largestStaleness: Math.max(warmUp.largestStaleness, tally.largestStaleness),
    largestQueuedStaleness: Math.max(warmUp.largestQueuedStaleness, tally.largestQueuedStaleness),
    noticeablyStale: warmUp.noticeablyStale + tally.noticeablyStale,
    examples: [...warmUp.examples, ...tally.examples],
  }
}
