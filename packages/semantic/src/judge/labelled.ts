import type { Observation } from './statistics/logistic.ts'

/** A label as a judge keeps it. */
export interface Labelled extends Observation {
  /** The how manieth label of its group it is. */
  readonly at: number
  readonly answer: string
  /** Whether it was above the threshold in force, so that it tells what hits are like. */
  readonly explored: boolean
}

/** Labels kept of one group. */
const MOST_LABELS = 6_000

/**
 * Makes room: of the kind that has more labels every second one is dropped and the others count twice. So the rare labels of what
 * would be hits are not crowded out by those of misses, and sums over all labels stay what they were, on the average.
 */
export function thinned(labels: readonly Labelled[]): readonly Labelled[] {
  if (labels.length <= MOST_LABELS) return labels
  const explored = labels.filter((label) => label.explored).length
  const crowd = explored * 2 > labels.length
  let place = 0
  return labels.flatMap((label) => {
    if (label.explored !== crowd) return label
    place += 1
    return place % 2 === 0 ? [] : { ...label, weight: label.weight * 2 }
  })
}

/** Without the last `count` labels of an answer that was condemned: it cannot be served again, so they say nothing of others. */
export function without(labels: readonly Labelled[], answer: string, count: number): readonly Labelled[] {
  const gone = new Set(labels.filter((label) => label.answer === answer).slice(-count))
  return labels.filter((label) => !gone.has(label))
}
