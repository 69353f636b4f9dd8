import { type Experience, FIRST_FIT } from './experience.ts'
import type { Pledge } from './pledge.ts'
import { leastProof } from './statistics/proof.ts'
import { lowestThreshold, type Threshold } from './threshold.ts'

/** What a judge has learned of one group, and what it would do under other bounds. */
export interface JudgeReport {
  readonly group: string
  /** `serving` when there is a threshold and what it lets pass has proved right, else `shadow`: it asks, compares and learns. */
  readonly state: 'shadow' | 'serving'
  /** Labels so far. */
  readonly labels: number
  readonly threshold: Threshold | undefined
  /** For bounds of 1, 2, 5 and 10 %: what would be served, and how much of it wrong. */
  readonly outlook: readonly Outlook[]
  /** Labels without an error, above a threshold, that it takes at least to serve: those that choose it, and those that prove it. */
  readonly needed: number
}

/** What a bound would bring, by the labels so far. */
export interface Outlook {
  readonly maxWrongPerHit: number
  /** The share of requests with a near entry that would be hits; 0 while there is too little evidence. */
  readonly hits: number
  /** The share of them that was seen to be wrong. */
  readonly wrong: number
  /** Upper confidence bound on that share. */
  readonly bound: number | undefined
}

const BOUNDS = [0.01, 0.02, 0.05, 0.1]

/** Reports on one group. */
export function reportOn(
  group: string,
  experience: Experience,
  { maxWrongPerHit, confidence, confidenceOfALook, shadow }: Pledge,
): JudgeReport {
  const scored = experience.scored()
  const { threshold, seen, isProven } = experience
  return {
    group,
    state: threshold === undefined || !isProven || shadow ? 'shadow' : 'serving',
    labels: seen,
    threshold,
    outlook: BOUNDS.map((limit) => {
      const found = lowestThreshold(scored, { limit, confidence: confidenceOfALook, most: limit })
      return { maxWrongPerHit: limit, hits: found?.coverage ?? 0, wrong: found?.share ?? 0, bound: found?.bound }
    }),
    needed: leastChoice(maxWrongPerHit, confidenceOfALook) + leastProof(maxWrongPerHit, confidence),
  }
}

/** Right answers, and none wrong, that it takes at least to choose a threshold. */
function leastChoice(limit: number, confidence: number): number {
  return Math.max(FIRST_FIT, Math.ceil(Math.log(1 - confidence) / Math.log(1 - limit)))
}
