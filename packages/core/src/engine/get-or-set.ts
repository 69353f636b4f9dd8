import { runOutsideLoads } from '../flight/current-load.ts'
import type { Flight } from '../flight/flight.ts'
import { wasInvalidated } from './commit.ts'
import { takeOff } from './fly.ts'
import { type Landing, landingOf } from './landing.ts'
import { refuseRecursion, waitFor } from './load/load.ts'
import { withPatience } from './load/patience.ts'
import { lookInMemory } from './lookup.ts'
import { isStrict, type Operation } from './operation.ts'

/** What one caller gets, and whether another caller had started it. */
export interface Answer {
  readonly landing: Landing
  readonly joined: boolean
}

/** Answers from the nearest tier that may still be used, or loads once for everyone who is waiting. */
export async function getOrSet(op: Operation): Promise<Answer> {
  const local = lookInMemory(op)
  if (local !== undefined && local.freshness !== 'kept') {
    if (local.freshness !== 'fresh') refreshInBackground(op)
    return { landing: landingOf(local.entry, 'l1', local.freshness), joined: false }
  }
  for (;;) {
    const joined = joinableFlight(op)
    const cameAt = op.engine.fences.events
    refuseRecursion(op.key, joined)
    if (joined !== undefined) op.onWaiting?.()
    const flight = joined ?? takeOff(op, 'miss')
    const landing = await waitFor(flight, () => withPatience(op, flight))
    if (!mayHave(op, landing, cameAt)) continue
    if (landing.freshness === 'due' || landing.freshness === 'stale') refreshInBackground(op)
    return { landing, joined: joined !== undefined }
  }
}

/** Loads now, whatever is stored, and stores the result. */
export async function reload(op: Operation): Promise<Answer> {
  refuseRecursion(op.key, undefined)
  const flight = takeOff(op, 'reload')
  return { landing: await waitFor(flight, () => flight.landed), joined: false }
}

/** Loads once in the background what is still good enough to be served meanwhile. */
function refreshInBackground(op: Operation): void {
  const { flights, background, settings } = op.engine
  if (settings.closed || flights.find(op.key) !== undefined) return
  background.run('refresh', runOutsideLoads(() => takeOff(op, 'refresh')).landed)
}

/** A flight may be joined while memory would be served, or while it is younger than `maxStaleness`. */
function joinableFlight(op: Operation): Flight | undefined {
  const { engine } = op
  const flight = engine.flights.find(op.key)
  if (flight === undefined || isStrict(op)) return undefined
  const now = engine.clock.now()
  return now < engine.link.freshUntil || now - flight.startedAt < engine.settings.maxStaleness ? flight : undefined
}

/**
 * A caller may have what a flight brought when the read or load began after the caller came, or when nothing the value
 * depends on was invalidated since it began. Otherwise it goes again, and the next flight begins after it came.
 *
 * Why: 1. a load begins and reads the old row. 2. A tag of it is invalidated. 3. A caller joins the running flight; only
 * now does the load end and name its tags. Comparing the caller's coming with the tag's last event alone is not enough: a
 * later event hides an earlier one.
 */
function mayHave(op: Operation, landing: Landing, cameAt: number): boolean {
  return landing.source === 'l1' || cameAt <= landing.born || !wasInvalidated(op, landing.tags, landing.born)
}
