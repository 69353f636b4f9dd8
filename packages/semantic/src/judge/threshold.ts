import { isBelow, upperBound } from './statistics/bound.ts'

/** A label with the score that the present model gives it. */
export interface Scored {
  readonly score: number
  readonly correct: boolean
  readonly weight: number
}

/** From which score on may be served, and what is known of what lies there. */
export interface Threshold {
  readonly score: number
  /** Upper confidence bound on wrong answers per hit from this score up. */
  readonly bound: number
  /** The share of wrong answers seen there. */
  readonly share: number
  /** Effective labels that it rests on. */
  readonly labels: number
  /** The share of all labels that reach it: about the share of requests with a candidate that would be hits. */
  readonly coverage: number
}

/** What a threshold has to keep to. */
export interface Limits {
  /** The upper confidence bound may not be above it. */
  readonly limit: number
  readonly confidence: number
  /** The share that was seen may not be above it. */
  readonly most: number
}

/**
 * The lowest score from which up the upper confidence bound on wrong answers per hit is at most `limit`; undefined when there
 * is none. Labels count by their weight (Horvitz and Thompson, JASA 47, 1952); the effective number of weighted labels is Kish's.
 */
export function lowestThreshold(labels: readonly Scored[], { limit, confidence, most }: Limits): Threshold | undefined {
  const sorted = [...labels].sort((one, other) => other.score - one.score)
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let [weight, squares, wrong] = [0, 0, 0]
  let found: Threshold | undefined
  for (const [at, label] of sorted.entries()) {
    weight += label.weight
    squares += label.weight ** 2
    if (!label.correct) wrong += label.weight
    if (sorted[at + 1]?.score === label.score) continue
    const [share, count] = [wrong / weight, weight ** 2 / squares]
    if (share > most || !isBelow(limit, share, count, confidence)) continue
    found = { score: label.score, bound: 0, share, labels: count, coverage: weight / total }
  }
  return found && { ...found, bound: upperBound(found.share, found.labels, confidence) }
}
