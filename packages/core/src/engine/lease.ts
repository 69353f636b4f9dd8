import { RedisUnavailable } from '../errors.ts'
import { enclosingLoad } from '../flight/current-load.ts'
import type { Flight, Wake } from '../flight/flight.ts'
import { lookInRedis, type RemoteFind } from './lookup.ts'
import type { Operation } from './operation.ts'
import { noteRedisFailure } from './redis-failure.ts'
import type { AcquireRequest, Acquisition, Lease, RemoteTier } from './remote.ts'

/** Takes the lease of a key from whoever holds it; undefined when Redis cannot be asked. */
export async function forceLease(op: Operation): Promise<Lease | undefined> {
  const { remote, settings } = op.engine
  if (remote === undefined) return undefined
  if (!remote.isOpen && !(await remote.untilFirstOpen(settings.firstConnection))) return undefined
  try {
    const answer = await remote.acquire(op, { seen: NO_VERSION, mode: 'force' }, remote.deadline())
    return answer.status === 'granted' ? answer.lease : undefined
  } catch (error) {
    return unavailable(op, error)
  }
}

const NO_VERSION = new Uint8Array(8)

/** The way to a lease ended with one, with somebody else's value, or with the right to load without storing. */
export type Claim =
  | { readonly status: 'leased'; readonly lease: Lease }
  | { readonly status: 'unleased' }
  | { readonly status: 'found'; readonly find: Extract<RemoteFind, { status: 'found' }> }

/** How a flight asks for its lease. */
export interface ClaimRequest {
  readonly flight: Flight
  /** What the read before found. */
  readonly find: RemoteFind
  readonly deadline: number
  /** Whether a find of this freshness ends the claim. */
  readonly accepts: (find: Extract<RemoteFind, { status: 'found' }>) => boolean
  /** A refresh does not wait for another process that is refreshing already. */
  readonly patient: boolean
}

const SHORTEST_POLL = 20
const LONGEST_POLL = 250

/**
 * Obtains the lease of a key, waiting for another holder when there is one.
 *
 * A waiter wakes by message, by poll, or at the end of the lease. After the holder's load failed, whoever is denied once
 * more loads without a lease: failing loads must not queue up behind each other.
 */
export async function claimLease(op: Operation, request: ClaimRequest): Promise<Claim> {
  try {
    return await claim(op, request)
  } catch (error) {
    unavailable(op, error)
    return { status: 'unleased' }
  }
}

function unavailable(op: Operation, error: unknown): undefined {
  if (!(error instanceof RedisUnavailable)) throw error
  noteRedisFailure(op, error)
  return undefined
}

async function claim(op: Operation, request: ClaimRequest): Promise<Claim> {
  const { remote, clock, telemetry } = op.engine
  let { find, deadline } = request
  const wait = new Waiting(op, request.flight)
  while (remote !== undefined && find.status !== 'unusable') {
    const held = find.leasedUntil > clock.now()
    const answer: Acquisition =
      held && wait.isAnnouncedTo(find.leasedUntil) && !wait.holderFailed
        ? { status: 'wait', until: find.leasedUntil }
        : await acquire(op, remote, find, deadline)
    if (answer.status === 'granted') {
      if (telemetry.wants('lease-acquired'))
        telemetry.emit({ type: 'lease-acquired', name: op.policy.name, key: op.key })
      return { status: 'leased', lease: answer.lease }
    }
    if (answer.status === 'late') break
    if (answer.status === 'wait') {
      wait.announcedUntil = answer.until
      if (!request.patient || wait.holderFailed || !(await wait.more(answer.until))) break
      deadline = remote.deadline()
    }
    const born = op.engine.fences.events
    find = await lookInRedis(op, born, deadline)
    if (find.status === 'found' && request.accepts(find)) return { status: 'found', find }
  }
  return { status: 'unleased' }
}

function acquire(
  op: Operation,
  remote: RemoteTier,
  find: Exclude<RemoteFind, { status: 'unusable' }>,
  deadline: number,
): Promise<Acquisition> {
  const request: AcquireRequest =
    find.status === 'found' ? { seen: find.frame.version, mode: 'keep' } : { seen: find.seen, mode: find.mode }
  return remote.acquire(op, request, deadline)
}

/** One flight's patience with the holders of a lease. */
class Waiting {
  /** A holder's load failed since this flight began to wait. */
  holderFailed = false
  /**
   * The end of the lease whose holder will wake this process: a denied request has left its mark there. A read that saw the
   * lease leaves none, and a later lease carries no mark of an earlier one.
   */
  announcedUntil = Number.NEGATIVE_INFINITY
  readonly #op: Operation
  readonly #flight: Flight
  readonly #nestedUntil: number
  #delay = SHORTEST_POLL
  #waited = false

  constructor(op: Operation, flight: Flight) {
    this.#op = op
    this.#flight = flight
    const nested = enclosingLoad() !== undefined
    this.#nestedUntil = nested ? op.engine.clock.now() + op.engine.settings.leaseTime : Number.POSITIVE_INFINITY
  }

  /** Whether the holder of the lease that ends then knows. The mapping of server time may have moved a little since. */
  isAnnouncedTo(leasedUntil: number): boolean {
    return Math.abs(leasedUntil - this.announcedUntil) < 1
  }

  /**
   * Waits for news, the next poll or the lease's end, whichever comes first; false when patience is over. A load inside
   * another load waits for one lease time at most: two processes might otherwise wait for each other for ever.
   */
  async more(until: number): Promise<boolean> {
    const { clock, random, telemetry, remote } = this.#op.engine
    if (clock.now() >= this.#nestedUntil || !remote?.isOpen) return false
    if (!this.#waited && telemetry.wants('lease-waited')) {
      telemetry.emit({ type: 'lease-waited', name: this.#op.policy.name, key: this.#op.key })
    }
    this.#waited = true
    this.#op.onWaiting?.()
    const delay = Math.min(this.#delay * (0.75 + random.next() / 2), Math.max(1, until - clock.now()))
    this.#delay = Math.min(this.#delay * 2, LONGEST_POLL)
    const wake: Wake = await this.#flight.news((elapsed) => clock.schedule(delay, elapsed))
    if (wake === 'failed') this.holderFailed = true
    return true
  }
}

/** Prolongs a lease until the returned function is called. Losing it only means that the commit will be rejected. */
export function keepAlive(op: Operation, lease: Lease): () => void {
  const { clock, settings, remote, telemetry } = op.engine
  let cancel = () => {}
  let stopped = false
  const renew = async () => {
    try {
      const kept = await remote?.renew(op, lease)
      if (kept === false) {
        if (telemetry.wants('lease-lost')) telemetry.emit({ type: 'lease-lost', name: op.policy.name, key: op.key })
        return
      }
    } catch (error) {
      if (!(error instanceof RedisUnavailable)) throw error
    }
    if (!stopped) cancel = clock.schedule(settings.leaseTime / 3, renew)
  }
  cancel = clock.schedule(settings.leaseTime / 3, renew)
  return () => {
    stopped = true
    cancel()
  }
}
