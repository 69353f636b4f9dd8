/**
 * Places that are held: a running call under `concurrency`, or a reservation whose true cost is not known yet. Each is held
 * until it is given back, or until its time is up: a holder that dies frees its place by doing nothing. All leases of a
 * subject last equally long and time never steps back, so they stand in the order in which they end.
 */
import { type Micros, NEVER, type Verdict } from './verdict.ts'

/** A bound on leases held at once, resolved. */
export interface LeaseRule {
  readonly kind: 'lease'
  /** How many may be held at once. */
  readonly limit: number
}

/** One held place. */
export interface Lease {
  /** {@link LEASE_ID_LENGTH} characters, unique to its reservation. */
  readonly id: string
  /** When it ends unless it is renewed. */
  readonly until: Micros
}

/** The length of a lease's id. */
export const LEASE_ID_LENGTH = 12

/** Past this many, the oldest reservation is forgotten: its cost then stands as it was reserved. */
export const MOST_LEASES = 1024

/** The leases that still hold at `now`. */
export function liveLeases(leases: readonly Lease[], now: Micros): readonly Lease[] {
  const ended = leases.findIndex((lease) => lease.until > now)
  if (ended === 0) return leases
  return ended === -1 ? [] : leases.slice(ended)
}

/** Whether one more fits. `remaining` counts free places; `retry` is when the next one ends at the latest. */
export function judgeLease(rule: LeaseRule, leases: readonly Lease[], now: Micros, cost: number): Verdict {
  const live = liveLeases(leases, now)
  const ok = live.length + cost <= rule.limit
  const ends = live[0] === undefined ? 0 : live[0].until - now
  return {
    ok,
    remaining: Math.max(0, rule.limit - live.length),
    retry: ok ? 0 : cost > rule.limit ? NEVER : ends,
    reset: ends,
  }
}

/** The leases with a new one at the end. */
export function addLease(leases: readonly Lease[], now: Micros, lease: Lease): readonly Lease[] {
  const live = liveLeases(leases, now)
  return [...live.slice(Math.max(0, live.length + 1 - MOST_LEASES)), lease]
}

/** The leases without that one; the same array when it is not held. */
export function removeLease(leases: readonly Lease[], now: Micros, id: string): readonly Lease[] {
  const live = liveLeases(leases, now)
  const place = live.findIndex((lease) => lease.id === id)
  return place === -1 ? leases : live.toSpliced(place, 1)
}
