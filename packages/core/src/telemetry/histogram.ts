/** Upper bounds of the buckets, in milliseconds: two per octave from 1 µs to about 33 s. */
const BOUNDS: readonly number[] = Array.from({ length: 51 }, (_, step) => 0.001 * 2 ** (step / 2))

/** A latency histogram of fixed size: quantiles are right within one bucket, a factor of 1.41. */
export class Histogram {
  readonly #counts = new Float64Array(BOUNDS.length + 1)
  #count = 0
  #sum = 0

  /** Adds one duration in milliseconds; `weight` stands for so many of them. */
  record(duration: number, weight = 1): void {
    const step = duration <= 0.001 ? 0 : Math.ceil(Math.log2(duration / 0.001) * 2 - 1e-9)
    const at = Math.min(Math.max(step, 0), BOUNDS.length)
    this.#counts[at] = (this.#counts[at] as number) + weight
    this.#count += weight
    this.#sum += duration * weight
  }

  /** A snapshot in milliseconds. */
  summary(): LatencySummary {
    return {
      count: this.#count,
      sum: this.#sum,
      p50: this.#quantile(0.5),
      p95: this.#quantile(0.95),
      p99: this.#quantile(0.99),
    }
  }

  /** Cumulative counts by upper bound in milliseconds, as Prometheus wants them. */
  buckets(): readonly (readonly [bound: number, cumulative: number])[] {
    let cumulative = 0
    return BOUNDS.map((bound, at) => {
      cumulative += this.#counts[at] as number
      return [bound, cumulative] as const
    })
  }

  #quantile(share: number): number {
    let left = this.#count * share
    if (this.#count === 0) return 0
    for (let at = 0; at < BOUNDS.length; at++) {
      left -= this.#counts[at] as number
      if (left <= 0) return BOUNDS[at] as number
    }
    return BOUNDS[BOUNDS.length - 1] as number
  }
}

/** Latencies in milliseconds. */
export interface LatencySummary {
  readonly count: number
  readonly sum: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}
