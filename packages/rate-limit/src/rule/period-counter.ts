/**
 * A counter that starts anew with each period: of the clock (`fixedWindow`) or of the calendar (`quota`). It is what bills
 * and plans speak of, and it admits up to twice its limit around the moment a period ends. Use a rolling window where that
 * matters.
 */
import { type Micros, NEVER, type Verdict } from './verdict.ts'

/** A counter per period, resolved. */
export interface CounterRule {
  readonly kind: 'counter'
  /** Units in one period. */
  readonly limit: number
  /** The length of every period; the longest there can be, when they are the calendar's. */
  readonly length: Micros
  /** Whether the periods are the calendar's; others are counted from the epoch. */
  readonly calendar: boolean
  /** The period that a time lies in. */
  readonly periodAt: (now: Micros) => Period
}

/** From `start` up to, and without, `end`. */
export interface Period {
  readonly start: Micros
  readonly end: Micros
}

/** The counter of one subject. */
export interface CounterState {
  /** The start of the period that `count` belongs to. */
  readonly start: Micros
  readonly count: number
}

/** A counter that was never used. */
export const UNUSED_COUNTER: CounterState = { start: 0, count: 0 }

/** Finds the period of a clock of equal periods. */
export function fixedPeriods(length: Micros): (now: Micros) => Period {
  return (now) => {
    const start = Math.floor(now / length) * length
    return { start, end: start + length }
  }
}

/** As much as the packed form can hold. */
const MOST_COUNTED = 4_294_967_295

/** Units used in `period`. A state of another period counts nothing. */
export function usedIn(period: Period, state: CounterState): number {
  return state.start === period.start ? state.count : 0
}

/** Whether `cost` units are left in the period of `now`. */
export function judgeCounter(rule: CounterRule, state: CounterState, now: Micros, cost: number): Verdict {
  const period = rule.periodAt(now)
  const used = usedIn(period, state)
  const ok = used + cost <= rule.limit
  const left = period.end - now
  return {
    ok,
    remaining: Math.max(0, rule.limit - used),
    retry: ok ? 0 : cost > rule.limit ? NEVER : left,
    reset: used === 0 ? 0 : left,
  }
}

/** The counter after `cost` units at `now`, whether or not they were left. */
export function chargeCounter(rule: CounterRule, state: CounterState, now: Micros, cost: number): CounterState {
  const period = rule.periodAt(now)
  return { start: period.start, count: Math.min(usedIn(period, state) + cost, MOST_COUNTED) }
}

/** The counter after a reservation in the period from `start` turned out to cost `delta` more, or fewer. */
export function amendCounter(state: CounterState, { start, delta }: { start: Micros; delta: number }): CounterState {
  if (state.start !== start) return state
  return { start, count: Math.min(Math.max(0, state.count + delta), MOST_COUNTED) }
}
