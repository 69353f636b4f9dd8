import { AsyncResource } from 'node:async_hooks'
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
import { judgeReply, lookInMemory, lookInRedis, type ReadContext, type RemoteFind } from './lookup.ts'
import type { Operation } from './operation.ts'
import { noteRedisFailure } from './redis-failure.ts'
import type { Lease, PendingRead, RemoteReply, RemoteTier } from './remote.ts'

/** Why a flight takes off: nothing to serve, something to renew in the background, or a caller who wants it anew. */
export type Purpose = 'miss' | 'refresh' | 'reload'

type Found = Extract<RemoteFind, { status: 'found' }>

/** A read that a flight began with, and what came of it. */
interface FirstRead {
  readonly find: Promise<RemoteFind>
  readonly deadline: number
}

/** Starts the flight of a key. From now on callers of the key may join it. */
export function takeOff(op: Operation, purpose: Purpose): Flight {
  const flight = register(op)
  enclosingLoad()?.flight.waitsFor.add(flight)
  flight.land(fly(op, flight, purpose))
  return flight
}

/** Who takes off with a read: it is called once, with something fresh to serve or with a flight to wait for. It may not throw. */
export interface Traveller {
  serve(landing: Landing): void
  wait(flight: Flight): void
}

/**
 * Starts the flight of a key for a caller who has to wait for nothing but Redis, as most do. There is no promise on the way
 * but the caller's: a fresh find is served when the reply comes, and anything else goes on as every flight does, from the find
 * on, in the asynchronous context of the caller.
 */
export function takeOffReading(op: Operation, remote: RemoteTier, traveller: Traveller): void {
  remote.read(new ReadingFlight(op, traveller, remote))
}

/** Nothing is to be told when it is garbage, and asking to be told costs more than the rest of it. */
const UNTRACKED = { requireManualDestroy: true }

/** A flight that waits for its first read. One object, because there is one for each hit in Redis. */
class ReadingFlight extends AsyncResource implements PendingRead, ReadContext {
  readonly request: Operation
  readonly deadline: number
  readonly born: number
  isAnswered = false
  readonly #traveller: Traveller
  readonly #flight: Flight

  constructor(op: Operation, traveller: Traveller, remote: RemoteTier) {
    super('GRANARY_READ', UNTRACKED)
    this.request = op
    this.born = op.engine.fences.events
    this.#traveller = traveller
    this.#flight = register(op)
    this.deadline = remote.deadline(this.#flight.startedAt)
  }

  resolve(reply: RemoteReply): void {
    this.runInAsyncScope(this.#judge, this, reply)
    this.emitDestroy()
  }

  reject(error: unknown): void {
    this.runInAsyncScope(this.#goOn, this, Promise.reject(error))
    this.emitDestroy()
  }

  #judge(reply: RemoteReply): void {
    const op = this.request
    const flight = this.#flight
    let find: RemoteFind | Promise<RemoteFind>
    try {
      find = judgeReply(op, reply, this)
    } catch (error) {
      find = Promise.reject(error)
    }
    if (find instanceof Promise || find.status !== 'found' || find.freshness !== 'fresh') {
      this.#goOn(find)
      return
    }
    const { receivedAt } = reply.exchange
    op.state.counters.l2.record(receivedAt - flight.startedAt)
    const landing = land(op, flight, find, receivedAt)
    op.engine.flights.remove(flight)
    flight.land(landing)
    this.#traveller.serve(landing)
  }

  #goOn(find: RemoteFind | Promise<RemoteFind>): void {
    const op = this.request
    const first = { find: concluded(op, this.#flight.startedAt, find), deadline: this.deadline }
    this.#flight.land(fly(op, this.#flight, 'miss', first))
    this.#traveller.wait(this.#flight)
  }
}

function register({ key, state, engine }: Operation): Flight {
  const flight = new Flight(key, state.segment, engine.clock.now())
  engine.flights.add(flight)
  return flight
}

async function fly(op: Operation, flight: Flight, purpose: Purpose, first?: FirstRead): Promise<Landing> {
  try {
    return await cross(op, flight, purpose, first)
  } finally {
    op.engine.flights.remove(flight)
  }
}

/** One flight: read Redis, obtain the lease, load, deliver, store. */
async function cross(op: Operation, flight: Flight, purpose: Purpose, first?: FirstRead): Promise<Landing> {
  const { remote, settings } = op.engine
  const open =
    first !== undefined ||
    (remote !== undefined && (remote.isOpen || (await remote.untilFirstOpen(settings.firstConnection))))
  if (!open) return loadLeaseless(op, flight, () => loadAndStore(op, flight, { purpose, lease: undefined }))
  if (purpose === 'reload') return loadAndStore(op, flight, { purpose, lease: await forceLease(op) })
  const load = (lease: Lease | undefined) =>
    lease === undefined
      ? loadLeaseless(op, flight, () => loadAndStore(op, flight, { purpose, lease }))
      : loadAndStore(op, flight, { purpose, lease })
  if (first === undefined && purpose === 'miss' && settings.slowAfter < Number.POSITIVE_INFINITY) {
    return hedge(op, flight, {
      ask: (patient, isLoading) => ask(patient, flight, { purpose, isLoading }),
      land: (find) => land(op, flight, find),
      load,
    })
  }
  const word = await ask(op, flight, { purpose, isLoading: () => false, first })
  return word.find === undefined ? load(word.lease) : land(op, flight, word.find)
}

/** Reads Redis and, when that is not enough, asks for the lease. */
async function ask(
  op: Operation,
  flight: Flight,
  { purpose, isLoading, first }: { purpose: Purpose; isLoading: () => boolean; first?: FirstRead | undefined },
): Promise<Word> {
  const deadline = first?.deadline ?? (op.engine.remote as RemoteTier).deadline()
  const accepts = (find: Found) => find.freshness === 'fresh' || (purpose === 'miss' && find.freshness !== 'kept')
  const find = await (first === undefined ? readRedis(op, deadline) : first.find)
  if (find.status === 'found' && accepts(find)) return { find }
  if (isLoading()) return { find: undefined, lease: undefined }
  flight.fallback = find.status === 'found' ? find.entry : undefined
  const patient = purpose === 'miss' || find.status !== 'found'
  const claim = await claimLease(op, { flight, find, deadline, accepts, patient })
  if (claim.status === 'found') return { find: claim.find }
  if (claim.status === 'unleased' && !patient && find.status === 'found') return { find }
  return { find: undefined, lease: claim.status === 'leased' ? claim.lease : undefined }
}

function readRedis(op: Operation, deadline: number): Promise<RemoteFind> {
  const { clock, fences } = op.engine
  return concluded(op, clock.now(), lookInRedis(op, fences.events, deadline))
}

/** What a read came to: one that was not answered found nothing that can be used. */
async function concluded(
  op: Operation,
  startedAt: number,
  reading: RemoteFind | Promise<RemoteFind>,
): Promise<RemoteFind> {
  try {
    const find = await reading
    if (find.status === 'found') op.state.counters.l2.record(op.engine.clock.now() - startedAt)
    return find
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error
    noteRedisFailure(op, error)
    return { status: 'unusable' }
  }
}

/** Serves what Redis held, and keeps it in memory. */
function land(op: Operation, flight: Flight, { entry, freshness }: Found, now?: number): Landing {
  fillMemory(op, entry, flight, now)
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
