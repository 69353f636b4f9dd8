import type { Neighbour } from '../nearest/vector-index.ts'
import { differenceOf, type Guard, guardOf, type Veto, vetoOf } from '../text/guards.ts'
import { type Profile, profileOf } from '../text/profile.ts'

/** The answer that is likeliest to be right, and what speaks for and against it. */
export interface Candidate {
  /** The nearest entry of that answer that nothing vetoes. */
  readonly entry: Neighbour
  /** What the score is made of, in the order of {@link FEATURES}. */
  readonly features: readonly number[]
  readonly margin: number
  /** A small difference that is not known to be immaterial. */
  readonly guard: Guard | undefined
}

/** What a score is made of. The order is the order in labels: changing it changes {@link FEATURES_ID}. */
export const FEATURES = [
  'constant',
  'similarity',
  'margin',
  'vote',
  'support',
  'members',
  'overlap',
  'coverage',
  'added',
  'missing',
  'length',
  'similarity and margin',
] as const

/** Names the features and their order. */
export const FEATURES_ID = 'features-1'

/** How steeply a neighbour's vote falls with its distance. */
const STEEPNESS = 18

/** What was found among the neighbours. */
export interface Candidates {
  readonly best: Candidate | undefined
  /** Why the nearest entry was left out. */
  readonly veto: Veto | undefined
  /** Entries that nothing vetoes, the nearest first. */
  readonly open: readonly Neighbour[]
}

/** Picks the answer that most of the near entries have, the nearer counting more. Entries that are vetoed do not vote. */
export function candidatesOf(text: string, neighbours: readonly Neighbour[]): Candidates {
  const profile = profileOf(text)
  const vetoes = neighbours.map((neighbour) => vetoOf(profile, profileOf(neighbour.text)))
  const open = neighbours.filter((_, at) => vetoes[at] === undefined)
  const [veto] = vetoes
  if (open.length === 0) return { best: undefined, veto, open }
  const answers = byAnswer(open)
  let winner = ''
  for (const [answer, { votes }] of answers) if (votes > (answers.get(winner)?.votes ?? 0)) winner = answer
  return { best: candidateOf(profile, winner, open, answers), veto, open }
}

/** Members of an answer that differ from the entry in the same way, for the difference to be known as immaterial. */
const ENOUGH_LIKE_IT = 2

/** A member of the answer, and what is verified to have the same answer beside it. */
interface Member {
  readonly entry: Neighbour
  readonly guard: Guard | undefined
}

/**
 * The nearest member that no guard parts from the text, if it is like the text at all; else the nearest one. A guard also falls when
 * verified members of the same answer differ from the entry in the same way as the text does.
 */
function spokesman(text: Profile, members: readonly Neighbour[], covers: (stem: string) => boolean): Member {
  const [nearest] = members as readonly [Neighbour]
  const guard = guardOf(text, profileOf(nearest.text), covers)
  if (guard === undefined) return { entry: nearest, guard }
  const others = members.slice(1).map((entry) => ({ entry, profile: profileOf(entry.text) }))
  const vouching = others.find(
    ({ profile }) => guardOf(text, profile, covers) === undefined && isMuchLike(text, profile),
  )
  if (vouching !== undefined) return { entry: vouching.entry, guard: undefined }
  const own = profileOf(nearest.text)
  const likeIt = others.filter(({ profile }) => guardOf(profile, own, () => false) === guard).length
  return { entry: nearest, guard: likeIt >= ENOUGH_LIKE_IT ? undefined : guard }
}

/** Whether two texts share half of their words: guards look at small differences, and say nothing of greater ones. */
function isMuchLike(text: Profile, entry: Profile): boolean {
  const { added, missing, kept } = differenceOf(text, entry)
  return kept > 0 && kept >= added.length + missing.length
}

interface Standing {
  readonly members: Neighbour[]
  votes: number
}

function byAnswer(open: readonly Neighbour[]): ReadonlyMap<string, Standing> {
  const answers = new Map<string, Standing>()
  for (const neighbour of open) {
    const standing = answers.get(neighbour.answer) ?? { members: [], votes: 0 }
    standing.members.push(neighbour)
    standing.votes += Math.exp(STEEPNESS * (neighbour.similarity - 1))
    answers.set(neighbour.answer, standing)
  }
  return answers
}

function candidateOf(
  text: Profile,
  answer: string,
  open: readonly Neighbour[],
  answers: ReadonlyMap<string, Standing>,
): Candidate {
  const { members } = answers.get(answer) as Standing
  const [entry] = members as [Neighbour]
  const rival = open.find((neighbour) => neighbour.answer !== answer)?.similarity ?? 0
  const margin = entry.similarity - Math.max(0, rival)
  const own = profileOf(entry.text)
  const verified = members.slice(1).map((member) => profileOf(member.text))
  const covers = (stem: string) => verified.some(({ stems }) => stems.has(stem))
  return {
    ...spokesman(text, members, covers),
    margin,
    features: [
      ...nearness(members, margin, shareOf(answer, answers)),
      ...wording(text, own, covers),
      product(entry, margin),
    ],
  }
}

/** The features of vectors, each on a scale of about -3 to 3. */
function nearness(members: readonly Neighbour[], margin: number, share: number): readonly number[] {
  const [entry] = members as readonly [Neighbour]
  const support = members.slice(0, 3).reduce((sum, { similarity }) => sum + similarity, 0) / 3
  return [
    1,
    (entry.similarity - 0.75) * 8,
    Math.tanh(margin * 5) * 3,
    Math.log((share + 0.01) / (1 - share + 0.01)),
    (support - 0.5) * 4,
    Math.log(members.length),
  ]
}

/** The features of words. */
function wording(text: Profile, entry: Profile, covers: (stem: string) => boolean): readonly number[] {
  const { added, missing, kept } = differenceOf(text, entry)
  const uncovered = added.filter((stem) => !covers(stem)).length
  return [
    2 * (kept / Math.max(1, kept + added.length + missing.length)) - 1,
    1 - (2 * uncovered) / Math.max(1, text.stems.size),
    Math.min(4, uncovered) / 2,
    Math.min(4, missing.length) / 2,
    Math.min(1.5, Math.log(1 + text.words.length) / 2) - 1,
  ]
}

function product({ similarity }: Neighbour, margin: number): number {
  return (similarity - 0.75) * 8 * Math.tanh(margin * 5)
}

/** The share of all votes that an answer has. */
function shareOf(answer: string, answers: ReadonlyMap<string, Standing>): number {
  const all = [...answers.values()].reduce((sum, { votes }) => sum + votes, 0)
  return (answers.get(answer)?.votes ?? 0) / all
}
