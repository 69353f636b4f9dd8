import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet/fleet.ts'
import type { DemoRedis } from './fleet/redis.ts'
import type { PhaseReport } from './report/phase.ts'

/** When Redis was killed and when it answered again, on the driver's clock. */
export interface OutageTimes {
  readonly killedAt: number
  readonly backAt: number
}

/** What an outage of Redis looked like. Milliseconds. */
export interface OutageReport {
  readonly downFor: number
  /** Processes that were without Redis meanwhile. */
  readonly noticed: number
  /** From the return of Redis to the last process that used it again; undefined while one does not. */
  readonly recoveredWithin: number | undefined
  /** What was seen before, during and after it. */
  readonly phase: PhaseReport
}

/** Kills Redis when three tenths of the phase are over and brings it back when six tenths are. */
export async function runOutage(outage: NonNullable<DemoRedis['outage']>, seconds: number): Promise<OutageTimes> {
  await sleep(seconds * 300)
  const killedAt = performance.now()
  await outage.begin()
  await sleep(seconds * 300)
  await outage.end()
  return { killedAt, backAt: performance.now() }
}

/** Puts together what the processes said of an outage. */
export function describeOutage(
  { killedAt, backAt }: OutageTimes,
  changes: Fleet['redisChanges'],
): Omit<OutageReport, 'phase'> {
  const noticed = changes.filter(({ lost, recovered }) => {
    const usesRedis = recovered !== undefined && recovered < killedAt && lost !== undefined && lost < killedAt
    return lost !== undefined && !usesRedis
  })
  const recoveries = noticed.map(({ recovered }) =>
    recovered !== undefined && recovered > killedAt ? recovered : undefined,
  )
  const allBack = recoveries.every((recovery) => recovery !== undefined)
  const last = Math.max(backAt, ...recoveries.map((recovery) => recovery ?? 0))
  return { downFor: backAt - killedAt, noticed: noticed.length, recoveredWithin: allBack ? last - backAt : undefined }
}
