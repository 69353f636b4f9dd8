import { type Candidate, candidatesOf, FEATURES_ID } from './candidate.ts'
import { Experience } from './experience.ts'
import { nearestOfEach } from './margin.ts'
import { SHIPPED } from './model.ts'
import { type LearnedJudgeOptions, type Pledge, resolvePledge } from './pledge.ts'
import { type JudgeReport, reportOn } from './report.ts'
import { fitLogistic } from './statistics/logistic.ts'
import type { Ask, Evidence, Judge, JudgeInput, Trial, Verdict } from './verdict.ts'
import { exploration } from './vigilance.ts'

/** A judge that learns when it may serve. */
export interface LearnedJudge extends Judge {
  /** What was learned of each group, and what other bounds would bring. */
  report(): readonly JudgeReport[]
}

/** How many answers a miss is compared with, to find its equals. */
const COMPARED = 4
/** Groups that are remembered; past it the one that was first is forgotten. */
const MOST_GROUPS = 256
/** Labels of each other group that a new group begins with. */
const FROM_OTHERS = 500
/** Fewer labels of others than this teach nothing. */
const ENOUGH = 200

/**
 * A judge that serves where the upper confidence bound on wrong answers per hit is under what was asked for, and nothing until
 * what it would have served since has proved right. It learns from what it asks of the model: see `docs/concepts/judge.md`.
 *
 * @throws InvalidOption when an option is out of its range.
 */
export function learnedJudge(options: LearnedJudgeOptions): LearnedJudge {
  const pledge = resolvePledge(options)
  const groups = new Map<string, Experience>()
  const experienceOf = (group: string): Experience => {
    const known = groups.get(group)
    if (known !== undefined) return known
    const created: Experience = new Experience(pledge, () => fromOthers(groups, created))
    groups.set(group, created)
    for (const oldest of groups.keys()) {
      if (groups.size <= MOST_GROUPS) break
      groups.delete(oldest)
    }
    return created
  }
  return {
    id: FEATURES_ID,
    judge: (input) => decide(experienceOf(input.group), pledge, input),
    learn: (label) => experienceOf(label.trial.group).add(label),
    report: () => [...groups].map(([group, experience]) => reportOn(group, experience, pledge)),
  }
}

/** What all other groups have taught together: where a group's weights begin. */
function fromOthers(groups: ReadonlyMap<string, Experience>, own: Experience): readonly number[] {
  const others = [...groups.values()].filter((experience) => experience !== own)
  const labels = others.flatMap((experience) => experience.labels.slice(-FROM_OTHERS))
  return labels.length < ENOUGH ? SHIPPED : fitLogistic(labels, { weights: SHIPPED, strength: ENOUGH / 2 })
}

/** The verdict: a function of what was learned and of the input. */
function decide(experience: Experience, pledge: Pledge, input: JudgeInput): Verdict {
  const { records, threshold, isProven } = experience
  const live = input.neighbours.filter(({ answer }) => !records.isCondemned(answer))
  const { best, veto, open } = candidatesOf(input.text, live)
  const compare = nearestOfEach(open, COMPARED, best?.entry)
  if (best === undefined) return askOnly(veto === undefined ? 'no-neighbour' : 'veto', veto)
  const score = experience.scoreOf(best.features) ?? 0
  const { entry, margin } = best
  const evidence: Evidence = { similarity: entry.similarity, margin, score, bound: threshold?.bound }
  if (best.guard !== undefined) return { ...askOnly('veto', best.guard), entry, evidence, compare }
  const trial = (stance: Trial['stance'], propensity: number) => trialOf(input, best, { score, stance, propensity })
  if (threshold === undefined || score < threshold.score) {
    const reason = threshold === undefined || pledge.shadow ? 'shadow' : 'unsure'
    return { action: 'ask', reason, entry, evidence, compare, trial: trial('refused', 1) }
  }
  if (pledge.shadow || !isProven)
    return { action: 'ask', reason: 'shadow', entry, evidence, compare, trial: trial('explored', 1) }
  const share = records.isOnProbation(entry.answer) ? 1 : exploration(experience.vigilance, pledge.maxWrongPerHit)
  if (input.chance < share)
    return { action: 'ask', reason: 'exploring', entry, evidence, compare, trial: trial('explored', share) }
  return { action: 'serve', entry, evidence, trial: trial('served', 1) }
}

function askOnly(reason: Ask['reason'], veto: string | undefined): Ask {
  return {
    action: 'ask',
    reason,
    ...(veto === undefined ? {} : { veto }),
    entry: undefined,
    evidence: undefined,
    trial: undefined,
    compare: [],
  }
}

function trialOf(
  { group, scope }: JudgeInput,
  { entry, features }: Candidate,
  stand: Pick<Trial, 'score' | 'stance' | 'propensity'>,
): Trial {
  return { group, scope, entry: entry.id, answer: entry.answer, features, ...stand }
}
