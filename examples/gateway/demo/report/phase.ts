import type { Tally } from '../driver/tally.ts'
import { allLayers, type FleetCounts, hitRate, type LayerCounts } from '../fleet/stats.ts'
import { type Latency, summarise } from './latency.ts'

/** What one phase amounts to. Times in milliseconds. */
export interface PhaseReport {
  readonly cached: boolean
  readonly emulatedLatency: boolean
  readonly seconds: number
  readonly requests: number
  readonly requestsPerSecond: number
  readonly changes: number
  readonly notModified: number
  readonly authentication: Latency
  readonly catalog: Latency
  readonly overall: Latency
  readonly queries: number
  readonly queriesPerRequest: number
  readonly layers: FleetCounts['layers']
  readonly all: LayerCounts
  readonly hitRate: number
  readonly judged: number
  readonly stale: number
  readonly errors: number
  readonly queued: number
  readonly largestStaleness: number
  readonly shareNoticeablyStale: number
  readonly examples: readonly string[]
}

/** What a phase was and what was seen in it. */
export interface PhaseRecord {
  readonly cached: boolean
  readonly emulatedLatency: boolean
  readonly seconds: number
  readonly tally: Tally
  readonly counts: FleetCounts
}

/** Sums up a phase. */
export function reportPhase({ cached, emulatedLatency, seconds, tally, counts }: PhaseRecord): PhaseReport {
  const all = allLayers(counts)
  return {
    cached,
    emulatedLatency,
    seconds,
    requests: tally.requests,
    requestsPerSecond: tally.requests / seconds,
    changes: tally.changes,
    notModified: tally.notModified,
    authentication: summarise(tally.authentication),
    catalog: summarise(tally.catalog),
    overall: summarise(tally.all),
    queries: counts.queries,
    queriesPerRequest: tally.requests === 0 ? 0 : counts.queries / tally.requests,
    layers: counts.layers,
    all,
    hitRate: hitRate(all),
    judged: tally.judged,
    stale: tally.stale,
    errors: tally.errors,
    queued: tally.queued,
    largestStaleness: tally.largestStaleness,
    shareNoticeablyStale: tally.judged === 0 ? 0 : tally.noticeablyStale / tally.judged,
    examples: tally.examples,
  }
}
