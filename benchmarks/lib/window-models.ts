/**
 * The algorithms that rate limiters use for "N per window", as models on a stream of arrival times. They stand for what
 * libraries do, not for the libraries: each says in its name who works like that.
 */

/** Decides one unit call at a time, in milliseconds. */
export interface Model {
  readonly name: string
  /** A new state for a limit. */
  readonly start: (limit: number, length: number) => (at: number) => boolean | Promise<boolean>
}

/** Remembers every admission: the truth. */
export const exactLog: Model = {
  name: 'exact log',
  start: (limit, length) => {
    const admitted: number[] = []
    let from = 0
    return (at) => {
      while ((admitted[from] ?? Number.POSITIVE_INFINITY) + length <= at) from += 1
      if (admitted.length - from >= limit) return false
      admitted.push(at)
      return true
    }
  },
}

const fixedOnClock: Model = {
  name: 'fixed window on the clock (envoy)',
  start: (limit, length) => {
    let index = -1
    let count = 0
    return (at) => {
      const current = Math.floor(at / length)
      if (current !== index) [index, count] = [current, 0]
      count += 1
      return count <= limit
    }
  },
}

const fixedFromFirst: Model = {
  name: 'fixed window from the first hit (rate-limiter-flexible, express-rate-limit)',
  start: (limit, length) => {
    let end = 0
    let count = 0
    return (at) => {
      if (at >= end) [end, count] = [at + length, 0]
      count += 1
      return count <= limit
    }
  },
}

const weightedCounter: Model = {
  name: 'sliding counter, weighted previous window (Upstash)',
  start: (limit, length) => {
    let index = -1
    let before = 0
    let count = 0
    return (at) => {
      const current = Math.floor(at / length)
      if (current !== index) [before, count, index] = [current === index + 1 ? count : 0, 0, current]
      const weighted = before * (1 - (at % length) / length) + count
      if (weighted + 1 > limit) return false
      count += 1
      return true
    }
  },
}

const gcra: Model = {
  name: 'GCRA with a burst of N (redis-cell, redis_rate)',
  start: (limit, length) => {
    let tat = 0
    return (at) => {
      const next = Math.max(tat, at) + length / limit
      if (next - at > length) return false
      tat = next
      return true
    }
  },
}

/** All models but the truth. */
export const ANCHORS: readonly Model[] = [fixedOnClock, fixedFromFirst, weightedCounter, gcra]

/** How a model did on a stream. */
export interface Accuracy {
  /** The most admissions in any window, as a multiple of the limit. */
  readonly peak: number
  /** Admissions as a share of what the exact log admits. */
  readonly yielded: number
}

/** Runs a stream through a model. */
export async function accuracyOf(
  model: Model,
  stream: readonly number[],
  { limit, length }: { limit: number; length: number },
): Promise<Accuracy> {
  const admit = model.start(limit, length)
  const truth = exactLog.start(limit, length)
  const admitted: number[] = []
  let exact = 0
  for (const at of stream) {
    if (await admit(at)) admitted.push(at)
    if (await truth(at)) exact += 1
  }
  let peak = 0
  let from = 0
  for (const [index, at] of admitted.entries()) {
    while ((admitted[from] as number) + length <= at) from += 1
    peak = Math.max(peak, index - from + 1)
  }
  return { peak: peak / limit, yielded: admitted.length / exact }
}

/** Arrivals at `rate` per millisecond until `end`, as independent callers make them. */
export function poisson(rate: number, end: number, next: () => number): number[] {
  const arrivals: number[] = []
  for (let at = 0; at < end; ) {
    at += -Math.log(1 - next()) / rate
    arrivals.push(at)
  }
  return arrivals
}

/** Groups of half the limit within half a second, at times that have nothing to do with the clock. */
export function clumps(limit: number, length: number, end: number, next: () => number): number[] {
  const arrivals: number[] = []
  for (let at = 0; at < end; at += length * (0.1 + 0.6 * next())) {
    for (let call = 0; call < limit / 2; call++) arrivals.push(at + 500 * next())
  }
  return arrivals.sort((one, other) => one - other)
}

/** A seeded generator (mulberry32), so that every model sees the same stream in every run. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
