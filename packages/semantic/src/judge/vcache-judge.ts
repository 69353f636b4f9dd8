import { InvalidOption } from '@granary/core'
import { marginOf, nearestOfEach } from './margin.ts'
import { sigmoid } from './statistics/logistic.ts'
import type { Judge, JudgeInput, Trial, Verdict } from './verdict.ts'

/** Options of {@link vcacheJudge}. */
export interface VcacheJudgeOptions {
  /** The greatest share of all requests that may be answered wrongly, misses included, from 0.001 to 0.5. */
  readonly maxWrongPerRequest: number
}

/** A similarity, and whether the entry's answer was right there. */
type Observation = readonly [similarity: number, correct: boolean]

/** Labels of an entry before it is served at all. */
const FEWEST = 6
const MOST_OBSERVATIONS = 200
const MOST_ENTRIES = 50_000
const COMPARED = 1
/** Slopes and midpoints among which the likeliest curve is looked for. */
const SLOPES = [5, 10, 20, 40, 80]
const MIDPOINTS = Array.from({ length: 61 }, (_, at) => 0.4 + at * 0.01)
/** Doubts in the midpoint that are weighed against what they cost, with the normal quantiles that belong to them. */
const DOUBTS: readonly (readonly [number, number])[] = [
  [0.005, 2.576],
  [0.01, 2.326],
  [0.05, 1.645],
  [0.1, 1.282],
  [0.2, 0.842],
]

/**
 * The judge of vCache, from the idea of its paper (Schroeder et al., "vCache: Verified Semantic Prompt Caching", 2025): each entry has
 * a curve of its own that says how likely its answer is right at a similarity; an entry is served so seldom, at random, that even at
 * the low end of the curve's confidence region the bound per *request* holds. For comparison: a bound per request is kept most easily
 * by hardly ever serving, and says little of the few hits there are.
 *
 * @throws InvalidOption when the option is out of its range.
 */
export function vcacheJudge({ maxWrongPerRequest: limit }: VcacheJudgeOptions): Judge {
  if (typeof limit !== 'number' || !(limit >= 0.001 && limit <= 0.5))
    throw new InvalidOption('maxWrongPerRequest', limit, 'it is a share from 0.001 to 0.5')
  const entries = new Map<string, Observation[]>()
  return {
    id: 'vcache-1',
    judge: (input) => decide(entries, limit, input),
    learn({ trial, correct }) {
      const key = `${trial.scope} ${trial.entry}`
      const known = entries.get(key) ?? []
      known.push([trial.features[0] ?? 0, correct])
      if (known.length > MOST_OBSERVATIONS) known.shift()
      entries.set(key, known)
      if (entries.size > MOST_ENTRIES) entries.delete(entries.keys().next().value ?? '')
    },
  }
}

function decide(entries: ReadonlyMap<string, readonly Observation[]>, limit: number, input: JudgeInput): Verdict {
  const { neighbours, group, scope, chance } = input
  const [entry] = neighbours
  if (entry === undefined)
    return { action: 'ask', reason: 'no-neighbour', entry, evidence: undefined, trial: undefined, compare: [] }
  const { similarity } = entry
  const observations = entries.get(`${scope} ${entry.id}`) ?? []
  const share = observations.length < FEWEST ? 1 : exploration(observations, similarity, limit)
  const evidence = { similarity, margin: marginOf(neighbours), score: 1 - share, bound: undefined }
  const trial = (stance: Trial['stance']): Trial => ({
    group,
    scope,
    entry: entry.id,
    answer: entry.answer,
    features: [similarity],
    score: 1 - share,
    stance,
    propensity: stance === 'explored' ? share : 1,
  })
  if (chance >= share) return { action: 'serve', entry, evidence, trial: trial('served') }
  const reason = observations.length < FEWEST ? 'shadow' : 'exploring'
  return {
    action: 'ask',
    reason,
    entry,
    evidence,
    trial: trial('explored'),
    compare: nearestOfEach(neighbours, COMPARED),
  }
}

/** How often to ask: the least that keeps the bound under any of the doubts. */
function exploration(observations: readonly Observation[], similarity: number, limit: number): number {
  const { midpoint, slope, error } = likeliest(observations)
  return Math.min(
    ...DOUBTS.map(([doubt, quantile]) => {
      const right = (1 - doubt) * sigmoid(slope * (similarity - midpoint - quantile * error))
      return right >= 1 - limit ? 0 : 1 - limit / (1 - right)
    }),
  )
}

/** The likeliest curve of an entry, with the standard error of its midpoint. */
function likeliest(observations: readonly Observation[]): { midpoint: number; slope: number; error: number } {
  let best = { midpoint: 1, slope: SLOPES[0] as number, likelihood: Number.NEGATIVE_INFINITY }
  for (const slope of SLOPES) {
    for (const midpoint of MIDPOINTS) {
      let likelihood = 0
      for (const [similarity, correct] of observations)
        likelihood += Math.log(Math.max(1e-9, sigmoid((correct ? slope : -slope) * (similarity - midpoint))))
      if (likelihood > best.likelihood) best = { midpoint, slope, likelihood }
    }
  }
  const { midpoint, slope } = best
  const information = observations.reduce((sum, [similarity]) => {
    const expected = sigmoid(slope * (similarity - midpoint))
    return sum + slope ** 2 * expected * (1 - expected)
  }, 1)
  return { midpoint, slope, error: 1 / Math.sqrt(information) }
}
