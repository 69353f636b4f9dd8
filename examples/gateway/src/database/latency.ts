import { setTimeout as sleep } from 'node:timers/promises'
import type { Database, Queryable } from './database.ts'

/** A delay put before each statement, which can be changed while the gateway runs. */
export interface EmulatedLatency {
  /** Milliseconds of the next delay; 0 for none. */
  sample(): number
}

/** A latency that is off until it is given a range of milliseconds. */
export class SettableLatency implements EmulatedLatency {
  #range: readonly [low: number, high: number] | undefined
  readonly #random: () => number

  /** `random` yields numbers in [0, 1); pass a seeded one to make a run repeatable. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Delays every statement by a sample from `range`, or by nothing when it is undefined. */
  set(range: readonly [low: number, high: number] | undefined): void {
    if (range !== undefined && !(range[0] >= 0 && range[1] >= range[0])) {
      throw new RangeError(
        `latency: [${range.join(', ')}] is not a range of milliseconds; give [low, high], 0 <= low <= high`,
      )
    }
    this.#range = range
  }

  sample(): number {
    return this.#range === undefined ? 0 : skewedLow(this.#range, this.#random())
  }
}

/**
 * A sample of `range` that leans to its low end: `low + (high - low) * unit^2`.
 *
 * For [50, 150] the mean is 83, the median 75 and the 95th percentile 140 ms.
 */
export function skewedLow([low, high]: readonly [number, number], unit: number): number {
  return low + (high - low) * unit * unit
}

/** Puts a delay before each statement: what a database in another zone costs. */
export function withLatency(database: Database, latency: EmulatedLatency): Database {
  return {
    query: delayed(database, latency),
    transaction: (work) => database.transaction((inner) => work({ query: delayed(inner, latency) })),
    close: () => database.close(),
  }
}

function delayed(on: Queryable, latency: EmulatedLatency): Queryable['query'] {
  return async (text, values) => {
    const milliseconds = latency.sample()
    if (milliseconds > 0) await sleep(milliseconds)
    return on.query(text, values)
  }
}
