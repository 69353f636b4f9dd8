import { enclosingLoad, runOutsideLoads } from '../flight/current-load.ts'
import type { Flight } from '../flight/flight.ts'
import { UNKNOWN_TAGS, wasInvalidated } from './commit.ts'
import { type Traveller, takeOff, takeOffReading } from './fly.ts'
import { type Landing, landingOf } from './landing.ts'
import { refuseRecursion, waitFor } from './load/load.ts'
import { withPatience } from './load/patience.ts'
import { lookInMemory } from './lookup.ts'
import { isStrict, type Operation } from './operation.ts'
import type { RemoteTier } from './remote.ts'

/** What one caller gets, and whether another caller had started it. */
export interface Answer {
  readonly landing: Landing
  readonly joined: boolean
}

/** Answers from the nearest tier that may still be used, or loads once for everyone who is waiting. */
export function getOrSet<T>(op: Operation, handOut: (answer: Answer) => T): Promise<T> {
  const local = lookInMemory(op)
  if (local !== undefined && local.freshness !== 'kept') {
    if (local.freshness !== 'fresh') refreshInBackground(op)
    const landing = landingOf(local.entry, 'l1', local.freshness)
    return Promise.resolve(handOut({ landing, joined: false }))
  }
  const remote = nothingButRedis(op)
  return remote === undefined ? board(op).then(handOut) : readFirst(op, remote, handOut)
}

/** Redis, if it is all that the caller has to do with: no flight to join, no load around the call, no limit to its patience. */
function nothingButRedis({ engine, key, policy }: Operation): RemoteTier | undefined {
  const { remote, settings, flights } = engine
  if (remote === undefined || !remote.isOpen || flights.find(key) !== undefined) return undefined
  if (policy.softTimeout < Number.POSITIVE_INFINITY || settings.slowAfter < Number.POSITIVE_INFINITY) return undefined
  return enclosingLoad() === undefined ? remote : undefined
}

/** Hands out what Redis has fresh; otherwise the flight that asked goes on, and the caller is its first passenger. */
function readFirst<T>(op: Operation, remote: RemoteTier, handOut: (answer: Answer) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    takeOffReading(op, remote, new FirstPassenger(op, handOut, { resolve, reject }))
  })
}

/** The caller who started a read. */
class FirstPassenger<T> implements Traveller {
  readonly #op: Operation
  readonly #handOut: (answer: Answer) => T
  readonly #resolve: (value: T | Promise<T>) => void
  readonly #reject: (error: unknown) => void
  readonly #cameAt: number

  constructor(
    op: Operation,
    handOut: (answer: Answer) => T,
    { resolve, reject }: { resolve: (value: T | Promise<T>) => void; reject: (error: unknown) => void },
  ) {
    this.#op = op
    this.#handOut = handOut
    this.#resolve = resolve
    this.#reject = reject
    this.#cameAt = op.engine.fences.events
  }

  serve(landing: Landing): void {
    try {
      this.#resolve(this.#handOut({ landing, joined: false }))
    } catch (error) {
      this.#reject(error)
    }
  }

  wait(flight: Flight): void {
    this.#resolve(board(this.#op, { flight, cameAt: this.#cameAt, joined: false }).then(this.#handOut))
  }
}

/** A caller on a flight. */
interface Passage {
  readonly flight: Flight
  /** The local event count when the caller came. */
  readonly cameAt: number
  /** Whether another caller had started the flight. */
  readonly joined: boolean
}

/** Waits for a flight to land, and goes again when the caller must not have what it brought. */
async function board(op: Operation, first?: Passage): Promise<Answer> {
  for (let passage = first; ; passage = undefined) {
    const { flight, cameAt, joined } = passage ?? findPassage(op)
    const landing = await waitFor(flight, () => withPatience(op, flight))
    if (!mayHave(op, landing, cameAt)) continue
    if (landing.freshness === 'due' || landing.freshness === 'stale') refreshInBackground(op)
    return { landing, joined }
  }
}

/** Joins the flight of the key, or takes off with one. */
function findPassage(op: Operation): Passage {
  const flight = joinableFlight(op)
  const cameAt = op.engine.fences.events
  refuseRecursion(op.key, flight)
  if (flight === undefined) return { flight: takeOff(op, 'miss'), cameAt, joined: false }
  op.onWaiting?.()
  return { flight, cameAt, joined: true }
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
  return now < engine.link.freshUntil || now - flight.startedAt < engine.settings.joinableFor ? flight : undefined
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
  if (landing.source === 'l1' || cameAt <= landing.born) return true
  return landing.tags !== UNKNOWN_TAGS && !wasInvalidated(op, landing.tags, landing.born)
}
