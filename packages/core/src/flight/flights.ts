import type { Segment } from '../tiers/segment.ts'
import type { Flight } from './flight.ts'

/** The flights of one cache by entry key: at most one per key takes new callers. */
export class Flights {
  readonly #joinable = new Map<string, Flight>()
  #airborne = 0

  /** Flights that have not landed, detached ones included. */
  get size(): number {
    return this.#airborne
  }

  /** The flight that a new caller of this key may join. */
  find(key: string): Flight | undefined {
    return this.#joinable.get(key)
  }

  /** A flight that is replaced hears of no further events of its key, so it may not fill memory any more. */
  add(flight: Flight): void {
    this.detach(flight.key)
    this.#joinable.set(flight.key, flight)
    this.#airborne += 1
  }

  remove(flight: Flight): void {
    if (this.#joinable.get(flight.key) === flight) this.#joinable.delete(flight.key)
    this.#airborne -= 1
  }

  /** The key was invalidated: callers from now on start a flight of their own. */
  detach(key: string): void {
    const flight = this.#joinable.get(key)
    if (flight === undefined) return
    flight.detached = true
    this.#joinable.delete(key)
  }

  /** The same for every key of a name, or of all names. */
  detachAll(segment?: Segment): void {
    for (const flight of this.#joinable.values()) {
      if (segment === undefined || flight.segment === segment) this.detach(flight.key)
    }
  }

  /** News of a lease held by another process. */
  wake(key: string, news: 'stored' | 'failed'): void {
    this.#joinable.get(key)?.wake(news)
  }
}
