/** How a command went. Slow is half a failure: a server that answers just within the budget makes every call slow. */
export type CommandOutcome = 'ok' | 'slow' | 'failed'

/** When a connection counts as failing. */
export interface TripRule {
  /** Failures in a row. */
  readonly consecutive: number
  /** Share of failures among the last `window` commands. */
  readonly rate: number
  readonly window: number
}

/** What the breaker remembers: a ring of the last outcomes as failure weights, and the failures in a row. */
export interface BreakerState {
  readonly weights: readonly number[]
  readonly inARow: number
}

/** The rule that is used by default. */
export const TRIP_RULE: TripRule = { consecutive: 3, rate: 0.5, window: 20 }

/** A breaker that has seen nothing. */
export const UNTRIPPED: BreakerState = { weights: [], inARow: 0 }

const WEIGHTS: Readonly<Record<CommandOutcome, number>> = { ok: 0, slow: 0.5, failed: 1 }

/** The state after one more command. */
export function record(state: BreakerState, outcome: CommandOutcome, rule: TripRule = TRIP_RULE): BreakerState {
  if (outcome === 'ok' && state.inARow === 0 && state.weights.length === 0) return state
  const weights = [...state.weights, WEIGHTS[outcome]].slice(-rule.window)
  const inARow = outcome === 'failed' ? state.inARow + 1 : 0
  return weights.some((weight) => weight > 0) ? { weights, inARow } : UNTRIPPED
}

/** Whether the connection should be given up. */
export function isTripped({ weights, inARow }: BreakerState, rule: TripRule = TRIP_RULE): boolean {
  if (inARow >= rule.consecutive) return true
  if (weights.length < rule.window) return false
  return weights.reduce((sum, weight) => sum + weight, 0) / weights.length >= rule.rate
}
