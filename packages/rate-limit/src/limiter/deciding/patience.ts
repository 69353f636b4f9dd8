/** Waiting for units to come back, within bounds. */
import type { Clock } from '@granary/core'
import type { Decision } from '../decision.ts'

/** How long to wait before asking again after a refusal: until it can be admitted, but no longer than this in milliseconds. */
const LONGEST = 1_000
/** Places come back when their holders are done, which nobody can know. */
const LONGEST_FOR_PLACE = 100

/** What to wait with. */
export interface Patience {
  readonly clock: Clock
  /** Milliseconds in all. */
  readonly maxWait: number
  /** Whether a place is waited for. */
  readonly forPlace: boolean
}

/**
 * Asks until it is admitted, or until waiting longer would exceed the bound: then the last refusal stands. It does not wait
 * at all for what cannot come in time, above all for a cost that never fits, nor for a subject that is denied.
 */
export async function askPatiently<D extends Decision>(
  ask: () => Promise<D>,
  { clock, maxWait, forPlace }: Patience,
): Promise<D> {
  const end = clock.now() + maxWait
  for (;;) {
    const decision = await ask()
    if (decision.ok || decision.reason === 'denied') return decision
    const left = end - clock.now()
    const canFit = Number.isFinite(decision.retryAfterMs) || decision.degraded
    const mayComeEarlier = forPlace && decision.reason === 'limit' && canFit
    const isHopeless = decision.retryAfterMs > left && !mayComeEarlier
    if (left <= 0 || isHopeless) return decision
    const pause = Math.min(
      Math.max(1, Math.ceil(decision.retryAfterMs)),
      forPlace ? LONGEST_FOR_PLACE : LONGEST,
      Math.max(1, left),
    )
    await new Promise<void>((resolve) => {
      clock.schedule(pause, resolve)
    })
  }
}
