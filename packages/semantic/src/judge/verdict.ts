import type { Neighbour } from '../nearest/vector-index.ts'

/** What a judge is asked: may one of these entries' answers be served for this text? */
export interface JudgeInput {
  /** What a judge learns together; see `CanonicalRequest.group`. */
  readonly group: string
  readonly scope: string
  readonly text: string
  /** The nearest entries of the scope, the nearest first. */
  readonly neighbours: readonly Neighbour[]
  /** Monotonic milliseconds. */
  readonly now: number
  /** A number in [0, 1), for exploration. */
  readonly chance: number
}

/** Serve this entry's answer, or ask the model and (where there is a trial) learn from its answer. */
export type Verdict = Serve | Ask

/** The answer of `entry` may be served. */
export interface Serve {
  readonly action: 'serve'
  readonly entry: Neighbour
  readonly evidence: Evidence
  /** What to hand to `learn` when somebody finds out whether the answer was right. */
  readonly trial: Trial
}

/** The model must be asked. */
export interface Ask {
  readonly action: 'ask'
  readonly reason: Refusal
  /** Why `reason` is `veto`, in words for `explain`. */
  readonly veto?: string
  /** The entry that would have been served, and what spoke for it; undefined without neighbours. */
  readonly entry: Neighbour | undefined
  readonly evidence: Evidence | undefined
  /** Compare the model's answer with that of `entry` and hand the finding to `learn`. */
  readonly trial: Trial | undefined
  /** Entries of different answers, the nearest first: those worth comparing with the model's answer to find equals. */
  readonly compare: readonly Neighbour[]
}

/**
 * Why a judge refuses. `veto`: numbers, names or the like differ. `unsure`: below the threshold. `shadow`: there is not enough
 * evidence for any threshold, or what it would let pass has not proved right yet. `exploring`: it would have been served, and is
 * asked to learn whether that would have been right.
 */
export type Refusal = 'no-neighbour' | 'veto' | 'unsure' | 'shadow' | 'exploring'

/** What speaks for an entry. */
export interface Evidence {
  /** Cosine of the entry. */
  readonly similarity: number
  /** Similarity above that of the nearest entry with another answer; the similarity itself when there is none. */
  readonly margin: number
  /** The judge's own measure, from 0 to 1. */
  readonly score: number
  /** Upper confidence bound on wrong answers per hit at the threshold in force; undefined while there is no such threshold. */
  readonly bound: number | undefined
}

/** One question of a judge whose answer can be learned: was `entry` the right answer? Plain data, to be stored and sent. */
export interface Trial {
  readonly group: string
  readonly scope: string
  /** The entry's id. */
  readonly entry: string
  /** The entry's answer id at the time. */
  readonly answer: string
  /** What the judge saw, in its own order. */
  readonly features: readonly number[]
  readonly score: number
  /** Whether the entry was served, would have been served but for exploration, or was refused. */
  readonly stance: 'served' | 'explored' | 'refused'
  /** The probability with which a trial like this one is labelled: labels are weighted by its inverse. */
  readonly propensity: number
}

/** What became of a trial. */
export interface Label {
  readonly trial: Trial
  /** Whether the entry's answer was, or would have been, right. */
  readonly correct: boolean
  /** Who says so: the model's new answer compared with the entry's, a user, or whoever wrote a log for calibration. */
  readonly source: 'comparison' | 'feedback' | 'import'
}

/**
 * Decides whether a near entry's answer may be served, and learns. A port: the learned judge, a fixed threshold and vCache's
 * are its implementations. Deciding is a function of what was learned and of the input: no clock, no chance, no I/O.
 */
export interface Judge {
  /** Names the judge and the version of its features: labels of another are not its. */
  readonly id: string
  /** Decides whether an entry may be served. */
  judge(input: JudgeInput): Verdict
  /** Takes in one label. Equal sequences of labels make equal judges. */
  learn(label: Label): void
}
