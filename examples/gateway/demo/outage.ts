import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet/fleet.ts'
import type { DemoRedis } from './fleet/redis.ts'

/** When Redis was killed and when it answered again, on the driver's clock. */
export interface OutageTimes {
  readonly killedAt: number
  readonly backAt: number
}

/** What an outage of Redis looked like. Milliseconds. */
export interface OutageReport {
  readonly downFor: number
  /** Processes that noticed. */
  readonly noticed: number
  /** From the return of Redis to the last process that used it again; undefined while one does not. */
  readonly recoveredWithin: number | undefined
}

/** Kills Redis when nine twentieths of the phase are over and brings it back two twentieths later. */
export async function runOutage({ outage }: DemoRedis, seconds: number): Promise<OutageTimes | undefined> {
  if (outage === undefined) return undefined
  await sleep(seconds * 450)
  const killedAt = performance.now()
  await outage.begin()
  await sleep(seconds * 100)
  await outage.end()
  return { killedAt, backAt: performance.now() }
}

/** Puts together what the processes said of an outage. */
export function describeOutage({ killedAt, backAt }: OutageTimes, changes: Fleet['redisChanges']): OutageReport {
  const noticed = changes.filter(({ lost }) => lost !== undefined && lost >= killedAt)
  const recoveries = noticed.map(({ recovered }) =>
    recovered !== undefined && recovered > killedAt ? recovered : undefined,
  )
  const allBack = recoveries.every((recovery) => recovery !== undefined)
  const last = Math.max(backAt, ...recoveries.map((recovery) => recovery ?? 0))
  return { downFor: backAt - killedAt, noticed: noticed.length, recoveredWithin: allBack ? last - backAt : undefined }
}
