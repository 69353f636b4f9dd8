/** What a set of measured durations amounts to, in milliseconds. */
export interface Summary {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Measured durations in milliseconds. */
export class Samples {
  readonly #values: number[] = []

  add(value: number): void {
    this.#values.push(value)
  }

  summary(): Summary {
    const sorted = this.#values.toSorted((a, b) => a - b)
    const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
    return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: rounded(sorted.at(-1) ?? 0) }
  }
}

/** Hundredths of a millisecond are more than these measurements can tell. */
export function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
