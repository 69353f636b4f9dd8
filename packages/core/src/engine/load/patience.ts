import type { Flight } from '../../flight/flight.ts'
import { fallbackOf } from '../fly.ts'
import type { Landing } from '../landing.ts'
import type { Operation } from '../operation.ts'

/**
 * Waits for a flight, but no longer than the soft timeout when something stale may be served instead. The flight goes on:
 * the flight owns the lease, the caller owns the patience.
 */
export function withPatience(op: Operation, flight: Flight): Promise<Landing> {
  const { softTimeout } = op.policy
  const { clock, background } = op.engine
  if (softTimeout === Number.POSITIVE_INFINITY) return flight.landed
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(softTimeout, () => {
      const stale = fallbackOf(op, flight)
      if (stale === undefined) return
      background.run('unawaited-load', flight.landed)
      resolve(stale)
    })
    flight.landed.then(resolve, reject).finally(cancel)
  })
}
