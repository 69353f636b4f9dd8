import type { Judge, JudgeInput, Verdict } from '@granary/semantic'

/** Requests whose labels a static threshold is set from. */
const WARMING = 1_500

/**
 * A static threshold that is set without hindsight: for the first 1,500 requests it serves nothing and notes how near the nearest
 * entry was and whether it would have been right; then it takes the lowest cosine with at most `limit` wrong among them, for good.
 */
export function calibratedThreshold(limit: number): Judge {
  const seen: { readonly similarity: number; readonly correct: boolean }[] = []
  let threshold: number | undefined
  return {
    id: 'calibrated-threshold',
    judge(input) {
      if (seen.length >= WARMING) threshold ??= lowest(seen, limit)
      return verdict(input, threshold ?? 2)
    },
    learn({ trial, correct }) {
      if (threshold === undefined) seen.push({ similarity: trial.score, correct })
    },
  }
}

function lowest(seen: readonly { readonly similarity: number; readonly correct: boolean }[], limit: number): number {
  const sorted = [...seen].sort((one, other) => other.similarity - one.similarity)
  let [wrong, found] = [0, 2]
  for (const [at, { similarity, correct }] of sorted.entries()) {
    if (!correct) wrong += 1
    if (wrong <= limit * (at + 1)) found = similarity
  }
  return found
}

function verdict({ neighbours, group, scope }: JudgeInput, threshold: number): Verdict {
  const [entry] = neighbours
  if (entry === undefined)
    return { action: 'ask', reason: 'no-neighbour', entry, evidence: undefined, trial: undefined, compare: [] }
  const { similarity } = entry
  const evidence = { similarity, margin: 0, score: similarity, bound: undefined }
  const stance = similarity >= threshold ? 'served' : 'refused'
  const trial = {
    group,
    scope,
    entry: entry.id,
    answer: entry.answer,
    features: [similarity],
    score: similarity,
    stance,
    propensity: 1,
  } as const
  if (stance === 'served') return { action: 'serve', entry, evidence, trial }
  return { action: 'ask', reason: 'unsure', entry, evidence, trial, compare: [entry] }
}
