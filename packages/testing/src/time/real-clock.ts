import type { ClockLike } from './manual-clock.ts'

/** Node clamps longer delays to one millisecond. */
const LONGEST_TIMER = 2_147_483_647

/** The clock of this process, whose timers never keep it alive. */
export const realClock: ClockLike = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_TIMER))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
