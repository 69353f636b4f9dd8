import type { Entry } from '../entry/entry.ts'
import { RedisUnavailable } from '../errors.ts'
import { enclosingLoad } from '../flight/current-load.ts'
import { Flight } from '../flight/flight.ts'
import { commit, fillMemory, harvest, wasInvalidated } from './commit.ts'
import type { Origin } from './frame/frames.ts'
import { type Landing, landingOf } from './landing.ts'
import { claimLease, forceLease, keepAlive } from './lease.ts'
import { hedge, type Word } from './load/hedge.ts'
import { loadLeaseless } from './load/leaseless.ts'
import { load } from './load/load.ts'
import { lookInMemory, lookInRedis, type RemoteFind } from './lookup.ts'
import type { Operation } from './operation.ts'
import { noteRedisFailure } from './redis-failure.ts'
import type { Lease, RemoteTier } from './remote.ts'

/** Why a flight takes off: nothing to serve, something to renew in the background, or a caller who wants it anew. */
export type Purpose = 'miss' | 'refresh' | 'reload'

type Found = Extract<RemoteFind, { status: 'found' }>

/** Starts the flight of a key. From now on callers of the key may join it. */
export function takeOff(op: Operation, purpose: Purpose): Flight {
  const { flights, clock } = op.engine
  const flight = new Flight(op.key, op.state.segment, clock.now())
  flights.add(flight)
  enclosingLoad()?.flight.waitsFor.add(flight)
  flight.landing = fly(op, flight, purpose)
  return flight
}

async function fly(op: Operation, flight: Flight, purpose: Purpose): Promise<Landing> {
  try {
    return await cross(op, flight, purpose)
  } finally {
    op.engine.flights.remove(flight)
  }
}

/** One flight: read Redis, obtain the lease, load, deliver, store. */
async function cross(op: Operation, flight: Flight, purpose: Purpose): Promise<Landing> {
  const { remote, settings } = op.engine
  const open = remote !== undefined && (remote.isOpen || (await remote.untilFirstOpen(settings.firstConnection)))
  if (!open) return loadLeaseless(op, flight, () => loadAndStore(op, flight, { purpose, lease: undefined }))
  if (purpose === 'reload') return loadAndStore(op, flight, { purpose, lease: await forceLease(op) })
  const load = (lease: Lease | undefined) =>
    lease === undefined
      ? loadLeaseless(op, flight, () => loadAndStore(op, flight, { purpose, lease }))
      : loadAndStore(op, flight, { purpose, lease })
  if (purpose === 'miss' && settings.slowAfter < Number.POSITIVE_INFINITY) {
    return hedge(op, flight, {
      ask: (patient, isLoading) => ask(patient, flight, { purpose, isLoading }),
      land: (find) => land(op, flight, find),
      load,
    })
  }
  const word = await ask(op, flight, { purpose, isLoading: () => false })
  return word.find === undefined ? load(word.lease) : land(op, flight, word.find)
}

/** Reads Redis and, when that is not enough, asks for the lease. */
async function ask(
  op: Operation,
  flight: Flight,
  { purpose, isLoading }: { purpose: Purpose; isLoading: () => boolean },
): Promise<Word> {
  const deadline = (op.engine.remote as RemoteTier).deadline()
  const accepts = (find: Found) => find.freshness === 'fresh' || (purpose === 'miss' && find.freshness !== 'kept')
  const born = op.engine.fences.events
  const find = await readRedis(op, born, deadline)
  if (find.status === 'found' && accepts(find)) return { find }
  if (isLoading()) return { find: undefined, lease: undefined }
  flight.fallback = find.status === 'found' ? find.entry : undefined
  const patient = purpose === 'miss' || find.status !== 'found'
  const claim = await claimLease(op, { flight, find, deadline, accepts, patient })
  if (claim.status === 'found') return { find: claim.find }
  if (claim.status === 'unleased' && !patient && find.status === 'found') return { find }
  return { find: undefined, lease: claim.status === 'leased' ? claim.lease : undefined }
}

async function readRedis(op: Operation, born: number, deadline: number): Promise<RemoteFind> {
  const startedAt = op.engine.clock.now()
  try {
    const find = await lookInRedis(op, born, deadline)
    if (find.status === 'found') op.state.counters.l2.record(op.engine.clock.now() - startedAt)
    return find
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error
    noteRedisFailure(op, error)
    return { status: 'unusable' }
  }
}

/** Serves what Redis held, and keeps it in memory. */
function land(op: Operation, flight: Flight, { entry, freshness }: Found): Landing {
  fillMemory(op, entry, flight)
  return landingOf(entry, 'l2', freshness)
}

/**
 * Loads and stores. A load commits only under a lease that was granted before the loader was called, and notes the clock
 * before it begins, so that its tags may be computed from the value.
 */
async function loadAndStore(
  op: Operation,
  flight: Flight,
  { purpose, lease }: { purpose: Purpose; lease: Lease | undefined },
): Promise<Landing> {
  const { engine, state } = op
  const born = engine.fences.events
  const origin: Origin = { incarnation: engine.link.incarnation, reading: engine.link.reading }
  const letGo = lease === undefined ? () => {} : keepAlive(op, lease)
  flight.lease = lease && textOf(lease.token)
  try {
    const stale = fallbackOf(op, flight)
    const loaded = await load(op, { flight, reason: purpose === 'miss' ? 'miss' : 'refresh', stale })
    const { landing, entry } = harvest(op, loaded, born)
    if (entry !== undefined) {
      state.counters.sets += 1
      const versioned = lease === undefined ? entry : { ...entry, version: textOf(lease.token) }
      // Under tracking a copy is worth keeping only when the server has seen this process ask for its frame.
      if (lease !== undefined || engine.settings.coherence !== 'tracking') fillMemory(op, versioned, flight)
      if (lease !== undefined) engine.background.run('commit', commit(op, versioned, lease, origin))
    } else if (lease !== undefined) {
      engine.remote?.release(op, lease, false)
    }
    return landing
  } catch (error) {
    if (lease !== undefined) engine.remote?.release(op, lease, true)
    const rescue = fallbackOf(op, flight)
    if (rescue === undefined || op.policy.staleIfError === 0) throw error
    return rescue
  } finally {
    letGo()
  }
}

/** A token, one character a byte. */
function textOf(token: Uint8Array): string {
  return Buffer.from(token).toString('latin1')
}

/** What may stand in for a load that fails or is slow: kept, and with nothing it depends on invalidated since. */
export function fallbackOf(op: Operation, flight: Flight): Landing | undefined {
  const local = lookInMemory(op)
  if (local !== undefined) return landingOf(local.entry, 'l1', 'kept')
  const entry: Entry | undefined = flight.fallback
  if (entry === undefined || flight.detached || op.engine.clock.now() >= entry.keepUntil) return undefined
  return wasInvalidated(op, entry.tags, entry.born) ? undefined : landingOf(entry, 'l2', 'kept')
}
