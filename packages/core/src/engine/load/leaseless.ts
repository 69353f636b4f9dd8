import type { Flight } from '../../flight/flight.ts'
import type { Landing } from '../landing.ts'
import { isStrict, type Operation } from '../operation.ts'
import { refuseRecursion } from './load.ts'

/**
 * Loads without a lease: Redis is away, or too slow. A strict read joins no flight, so in an outage each of them would
 * load. Here they share again: one that took off before the running load began may have what it brings, the others wait for
 * its end and share the next one.
 */
export async function loadLeaseless(op: Operation, flight: Flight, load: () => Promise<Landing>): Promise<Landing> {
  if (!isStrict(op)) return load()
  const { flights } = op.engine
  for (;;) {
    const running = flights.leaselessOf(op.key)
    if (running === undefined) return flights.addLeaseless(flight, load)
    refuseRecursion(op.key, running.flight)
    // The running load may be a batch's, and wait in turn for a key of this batch: what is granted never waits for what is not.
    op.onWaiting?.()
    flight.waitsFor.add(running.flight)
    if (running.order > flight.order) return running.landing
    await running.landing.catch(() => {})
    flight.waitsFor.delete(running.flight)
  }
}
