import { upperBound } from '../judge/statistics/bound.ts'

/** Two texts' similarity, and whether one answer will do for both. */
export interface LabelledSimilarity {
  readonly similarity: number
  readonly same: boolean
}

/** What a threshold would do. */
export interface SweepPoint {
  readonly threshold: number
  /** Pairs that reach it. */
  readonly hits: number
  /** The share of them that is right; 1 without hits. */
  readonly precision: number
  /** The share of all pairs that mean the same which reaches it. */
  readonly recall: number
  /** Upper confidence bound on wrong answers per hit. */
  readonly bound: number
}

/** What a sweep shall find. */
export interface SweepOptions {
  /** The greatest share of hits that may be wrong. */
  readonly maxWrongPerHit: number
  readonly confidence: number
}

/** Thresholds that are shown, and the one to take. */
export interface Sweep {
  readonly points: readonly SweepPoint[]
  /** The lowest threshold whose upper bound is within the wanted share; undefined when the labels show none. */
  readonly recommended: SweepPoint | undefined
  /** What would be found with the share that was seen instead of its upper bound: what more labels might allow. */
  readonly hopeful: SweepPoint | undefined
}

const SHOWN = [...Array.from({ length: 9 }, (_, at) => 0.5 + at * 0.05), 0.92, 0.94, 0.96, 0.98, 0.99]

/** What each threshold would have done with labelled similarities. */
export function sweep(labels: readonly LabelledSimilarity[], { maxWrongPerHit, confidence }: SweepOptions): Sweep {
  const sorted = [...labels].sort((one, other) => other.similarity - one.similarity)
  const same = sorted.filter((label) => label.same).length
  let right = 0
  let [recommended, hopeful]: (SweepPoint | undefined)[] = []
  const at = (threshold: number, hits: number, correct: number): SweepPoint => ({
    threshold,
    hits,
    precision: hits === 0 ? 1 : correct / hits,
    recall: same === 0 ? 0 : correct / same,
    bound: upperBound(hits === 0 ? 0 : 1 - correct / hits, hits, confidence),
  })
  for (const [place, { similarity, same: isRight }] of sorted.entries()) {
    if (isRight) right += 1
    if (sorted[place + 1]?.similarity === similarity) continue
    const point = at(similarity, place + 1, right)
    if (point.bound <= maxWrongPerHit) recommended = point
    if (1 - point.precision <= maxWrongPerHit) hopeful = point
  }
  const points = SHOWN.map((threshold) => {
    const reached = sorted.filter(({ similarity }) => similarity >= threshold)
    return at(threshold, reached.length, reached.filter((label) => label.same).length)
  })
  return { points, recommended, hopeful }
}
