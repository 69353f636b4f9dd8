/** When a connection is given up, and how long to wait before the next one: pure decisions. */

/** What the breaker remembers of a connection. */
export interface BreakerState {
  /** Misses and errors since the last reply in time. */
  readonly failures: number
}

/** What happened on a connection. */
export type BreakerEvent = 'replied' | 'missed' | 'failed'

/** A connection that has seen nothing. */
export const FRESH: BreakerState = { failures: 0 }

/** As many failures in a row mean that nothing works: not a hiccup of the server, and not one bad key. */
const MOST_FAILURES = 3

/** The state after an event. */
export function note(state: BreakerState, event: BreakerEvent): BreakerState {
  if (event === 'replied') return state.failures === 0 ? state : FRESH
  return { failures: state.failures + 1 }
}

/** Whether the connection should be dropped. */
export function isTripped({ failures }: BreakerState): boolean {
  return failures >= MOST_FAILURES
}

/** Milliseconds before the next attempt to connect; they grow to a second and are spread by `chance`, from 0 to 1. */
export function pauseBefore(attempt: number, chance: number): number {
  return Math.min(1_000, 50 * 2 ** Math.min(attempt, 10)) * (0.75 + chance / 2)
}
