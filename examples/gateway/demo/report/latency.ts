/** Percentiles of a series, in the unit of the series. */
export interface Latency {
  readonly average: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** Sums up a series of measurements; all zeros for an empty one. */
export function summarise(series: readonly number[]): Latency {
  const sorted = Float64Array.from(series).sort()
  const sum = sorted.reduce((total, value) => total + value, 0)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { average: sorted.length === 0 ? 0 : sum / sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
