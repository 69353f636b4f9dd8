import type { Clock } from '../../clock.ts'

/** A timer that runs this much too late, in milliseconds, says that the process was busy. */
const LATE = 5

/**
 * Calls `expire` after `delay` milliseconds and returns a function that cancels it.
 *
 * When the process was too busy to be in time, timers run before sockets are read: the reply may have been waiting all along,
 * and the process would blame Redis for its own pause. So it is read first, and only then is the deadline missed.
 */
export function startDeadline(clock: Clock, delay: number, expire: () => void): () => void {
  const due = clock.now() + delay
  let cancel = clock.schedule(delay, () => {
    if (clock.now() - due < LATE) return expire()
    cancel = clock.schedule(1, expire)
  })
  return () => cancel()
}
