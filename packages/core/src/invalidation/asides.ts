import type { Address } from '../engine/remote.ts'
import type { Entry } from '../entry/entry.ts'
import type { Flight } from '../flight/flight.ts'
import type { Segment } from '../tiers/segment.ts'

/** A key that somebody has written, and what this process had or was fetching for it. */
export interface Aside {
  readonly address: Address
  readonly segment: Segment
  /** The copy that was in memory, or that was fetched since. */
  copy: Entry | undefined
  /** The flight that was under way. */
  flight: Flight | undefined
  /** How many pushes named the key: one that comes while Redis is asked makes the answer worthless. */
  pushes: number
}

/**
 * Copies that were taken out of memory until Redis has said what stands under their key. Past the bound they are given up: a
 * copy less costs one read.
 */
export class Asides {
  readonly #limit: number
  readonly #asides = new Map<string, Aside>()

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#asides.size
  }

  keys(): Iterable<string> {
    return this.#asides.keys()
  }

  find(key: string): Aside | undefined {
    return this.#asides.get(key)
  }

  /** Keeps a copy aside; false when there are too many. */
  add(aside: Aside): boolean {
    if (this.#asides.size >= this.#limit) return false
    this.#asides.set(aside.address.key, aside)
    return true
  }

  /** Whether it still is, and is no longer from now on. */
  take(aside: Aside): boolean {
    return this.#asides.get(aside.address.key) === aside && this.#asides.delete(aside.address.key)
  }

  /** The key was invalidated: its copy does not come back. */
  forget(key: string): void {
    if (this.#asides.size > 0) this.#asides.delete(key)
  }
}
