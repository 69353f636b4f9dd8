import { InvalidOption } from '@granary/core'
import { marginOf, nearestOfEach } from './margin.ts'
import type { Evidence, Judge, JudgeInput, Trial, Verdict } from './verdict.ts'

/** How many answers a miss is compared with. */
const COMPARED = 3

/**
 * A judge that serves whatever reaches a fixed cosine similarity, and learns nothing. For those who insist: one number means
 * 1.7 % wrong answers in one domain and 6.4 % in the next.
 *
 * @throws InvalidOption when `threshold` is not a number above 0 and at most 1.
 */
export function thresholdJudge(threshold: number): Judge {
  if (typeof threshold !== 'number' || !(threshold > 0 && threshold <= 1))
    throw new InvalidOption('match: threshold', threshold, 'it is a cosine similarity above 0 and at most 1')
  return {
    id: `threshold-${threshold}`,
    judge: (input) => judgeBy(threshold, input),
    learn() {},
  }
}

function judgeBy(threshold: number, input: JudgeInput): Verdict {
  const { neighbours, group, scope } = input
  const [entry] = neighbours
  if (entry === undefined)
    return { action: 'ask', reason: 'no-neighbour', entry, evidence: undefined, trial: undefined, compare: [] }
  const { similarity } = entry
  const margin = marginOf(neighbours)
  const evidence: Evidence = { similarity, margin, score: similarity, bound: undefined }
  const serve = similarity >= threshold
  const trial: Trial = {
    group,
    scope,
    entry: entry.id,
    answer: entry.answer,
    features: [similarity, margin],
    score: similarity,
    stance: serve ? 'served' : 'refused',
    propensity: 1,
  }
  if (serve) return { action: 'serve', entry, evidence, trial }
  return { action: 'ask', reason: 'unsure', entry, evidence, trial, compare: nearestOfEach(neighbours, COMPARED) }
}
