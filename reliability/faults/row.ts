import type { Stats } from '@granary/core'
import type { WarningLog } from '../stage/log.ts'
import type { Summary } from '../stage/samples.ts'
import type { Fault } from './fault.ts'
import type { Traffic } from './traffic.ts'

/** What one fault did: the row of the table. Durations are milliseconds; `added` is beyond the loader's own time. */
export interface Row {
  readonly fault: string
  readonly calls: number
  readonly errorsSeen: number
  readonly firstError: string | undefined
  readonly staleReads: number
  readonly lostInvalidations: number
  readonly unsettled: number
  /** Cold reads while the fault lasted. */
  readonly added: Summary
  /** Those of them that began when the cache knew that Redis was away. */
  readonly addedWhileAway: Summary
  /** The same reads of a cache in memory alone: what the machine adds by itself. */
  readonly addedByMachine: Summary
  readonly addedWhenHealthy: Summary
  readonly invalidation: Summary
  readonly noticedAfter: number | undefined
  /** From the end of the fault until both caches were answered by Redis; `null` for what only a new configuration mends. */
  readonly recovery: number | null | undefined
  readonly counted: Readonly<Record<string, number>>
  readonly logged: Readonly<Record<string, number>>
  readonly ok: boolean
}

/** What a row is made of. */
export interface Findings {
  readonly fault: Fault
  readonly traffic: Traffic
  readonly before: Stats
  readonly after: Stats
  readonly log: WarningLog
  readonly recovery: number | undefined
  readonly lost: number
  readonly unsettled: number
  readonly noticedAfter: number | undefined
  /** Whether anything but a new configuration ends it. */
  readonly mends: boolean
}

/** Puts the findings of a trial into a row. */
export function describeRow({
  fault,
  traffic,
  before,
  after,
  log,
  recovery,
  lost,
  unsettled,
  noticedAfter,
  mends,
}: Findings): Row {
  const { healthy, fault: during, after: later } = traffic.experiences
  const all = [healthy, during, later]
  const errors = all.flatMap((each) => each.errors)
  const stale = all.reduce((sum, each) => sum + each.stale, 0)
  const cold = during.cold.summary()
  return {
    fault: fault.name,
    calls: cold.count,
    errorsSeen: errors.length,
    firstError: errors[0],
    staleReads: stale,
    lostInvalidations: lost,
    unsettled,
    added: cold,
    addedWhileAway: during.away.summary(),
    addedByMachine: during.control.summary(),
    addedWhenHealthy: healthy.cold.summary(),
    invalidation: during.invalidations.summary(),
    noticedAfter,
    recovery: mends ? recovery : null,
    counted: countedBetween(before, after),
    logged: log.counted(),
    ok: errors.length + stale + lost + unsettled === 0 && (!mends || recovery !== undefined),
  }
}

function countedBetween(before: Stats, after: Stats): Record<string, number> {
  const counted: Record<string, number> = {
    loads: after.loads - before.loads,
    hedged: after.hedged - before.hedged,
    errors: after.errors - before.errors,
    rejected: after.rejected - before.rejected,
  }
  for (const [reason, count] of Object.entries(after.redisFailures)) {
    const earlier = (before.redisFailures as Record<string, number>)[reason] ?? 0
    if (count > earlier) counted[reason] = count - earlier
  }
  return counted
}
