/**
 * The token bucket as one number: the generic cell rate algorithm (ITU-T I.371, annex A). `tat` is the theoretical arrival
 * time, the moment at which the bucket will be full again. A unit moves it on by one `interval`; a call is admitted while
 * it stays within `burst` intervals of now. It smooths: `burst` at once and then a steady rate. It does not bound a window:
 * any interval of length L holds at most `burst + L / interval` units.
 *
 * Intervals are multiples of 1/8 µs, which doubles add exactly: this function and its Lua twin never differ by a rounding.
 */
import { type Micros, NEVER, type Verdict } from './verdict.ts'

/** A token bucket, resolved. */
export interface BucketRule {
  readonly kind: 'bucket'
  /** Time in which one unit comes back. */
  readonly interval: Micros
  /** Units that a full bucket holds. */
  readonly burst: number
}

/** A bucket of one subject. */
export interface BucketState {
  /** When the bucket will be full; at or before now, it is. */
  readonly tat: Micros
}

/** A full bucket. */
export const FULL_BUCKET: BucketState = { tat: 0 }

/** Whether `cost` units are in the bucket at `now`. */
export function judgeBucket(rule: BucketRule, state: BucketState, now: Micros, cost: number): Verdict {
  const depth = rule.burst * rule.interval
  const missing = Math.max(state.tat, now) - now
  const after = missing + cost * rule.interval
  const ok = after <= depth
  const remaining = Math.max(0, Math.floor((depth - missing) / rule.interval))
  return {
    ok,
    remaining,
    retry: ok ? 0 : cost > rule.burst ? NEVER : Math.ceil(after - depth),
    reset: missing === 0 ? 0 : Math.ceil(Math.max(0, missing - (rule.burst - remaining - 1) * rule.interval)),
  }
}

/** The bucket after `cost` units were taken at `now`, whether or not they were there. */
export function chargeBucket(rule: BucketRule, state: BucketState, now: Micros, cost: number): BucketState {
  return { tat: Math.max(state.tat, now) + cost * rule.interval }
}

/**
 * The bucket after a reservation made at `madeAt` turned out to cost `delta` units more, or fewer. A debit counts in full.
 * A refund gives back what cannot have come back by itself since: `-delta` intervals less the time that has passed. So
 * reserving much and cancelling it can never leave more in the bucket than never having reserved.
 */
export function amendBucket(
  rule: BucketRule,
  state: BucketState,
  now: Micros,
  { madeAt, delta }: BucketAmendment,
): BucketState {
  if (delta >= 0) return delta === 0 ? state : chargeBucket(rule, state, now, delta)
  return { tat: state.tat - Math.max(0, -delta * rule.interval - (now - madeAt)) }
}

/** A correction of an earlier charge. */
export interface BucketAmendment {
  readonly madeAt: Micros
  readonly delta: number
}

/** Units that are missing at `now`, rounded up. */
export function missingFrom(rule: BucketRule, state: BucketState, now: Micros): number {
  return Math.ceil(Math.max(0, state.tat - now) / rule.interval)
}
