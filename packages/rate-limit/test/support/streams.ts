/** An exact log: the truth that windows are measured against. */
export class ExactLog {
  readonly #limit: number
  readonly #length: number
  readonly #admitted: { at: number; cost: number }[] = []
  #from = 0
  #held = 0

  constructor(limit: number, length: number) {
    this.#limit = limit
    this.#length = length
  }

  /** Admits and records the call if it fits. */
  admits(at: number, cost = 1): boolean {
    for (
      let oldest = this.#admitted[this.#from];
      oldest !== undefined && oldest.at + this.#length <= at;
      oldest = this.#admitted[this.#from]
    ) {
      this.#held -= oldest.cost
      this.#from += 1
    }
    if (this.#held + cost > this.#limit) return false
    this.#admitted.push({ at, cost })
    this.#held += cost
    return true
  }
}

/** The largest number of units inside any interval of `length`, open at its start. */
export function peakOf(admissions: readonly { at: number; cost: number }[], length: number): number {
  const sorted = [...admissions].sort((one, other) => one.at - other.at)
  let peak = 0
  let held = 0
  let from = 0
  for (const { at, cost } of sorted) {
    held += cost
    for (let oldest = sorted[from]; oldest !== undefined && oldest.at + length <= at; oldest = sorted[from]) {
      held -= oldest.cost
      from += 1
    }
    peak = Math.max(peak, held)
  }
  return peak
}

/** Arrival times of a Poisson stream of `rate` per microsecond, up to `end`. */
export function poisson(rate: number, end: number, seed: number): number[] {
  const next = mulberry(seed)
  const arrivals: number[] = []
  for (let at = 0; at < end; ) {
    at += -Math.log(1 - next()) / rate
    arrivals.push(Math.floor(at))
  }
  return arrivals
}

/** A small seeded generator (mulberry32, Tommy Ettinger, public domain), so that a stream is the same in every run. */
function mulberry(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
