import { AnswerRecords, CONDEMNED } from './answer-records.ts'
import { type Labelled, thinned, without } from './labelled.ts'
import { fitModel, type Model, SHIPPED, scoreOf, unseenScore } from './model.ts'
import type { Pledge } from './pledge.ts'
import { afterTest, isProven, type Proof, UNPROVEN } from './statistics/proof.ts'
import { lowestThreshold, type Scored, type Threshold } from './threshold.ts'
import type { Label } from './verdict.ts'
import { aim, CALM, isAlarmed, noticed, type Vigilance } from './vigilance.ts'

/** Labels before the first fit: there is no threshold before it. */
export const FIRST_FIT = 60
/** Labels between fits at least. */
const BETWEEN_FITS = 25
/** Or this share of the labels that are kept, where that is more. */
const GROWTH = 0.04
/** After so many labels one counts half. */
const HALF_LIFE = 4_000
/** What labels from before an alarm still count in a fit; for the threshold they count nothing. */
const AFTER_ALARM = 0.15
/** Labels just before an alarm that belong to what comes after it. */
const LEADING_TO_ALARM = 5
/** A score from which an entry looks right, before there is a threshold. */
const LOOKS_RIGHT = 0.5

/** What a judge has learned in one group. Equal sequences of labels make equal experience. */
export class Experience {
  readonly records = new AnswerRecords()
  readonly #pledge: Pledge
  /** What the weights are drawn to: what other groups have taught. */
  readonly #centre: () => readonly number[]
  #labels: readonly Labelled[] = []
  #seen = 0
  #due = FIRST_FIT
  /** The first label since things changed last. */
  #era = 0
  #model: Model | undefined
  #threshold: Threshold | undefined
  #vigilance: Vigilance = CALM
  #proof: Proof = UNPROVEN

  constructor(pledge: Pledge, centre: () => readonly number[] = () => SHIPPED) {
    this.#pledge = pledge
    this.#centre = centre
  }

  /** How many labels there were. */
  get seen(): number {
    return this.#seen
  }

  get labels(): readonly Labelled[] {
    return this.#labels
  }

  /** From which score on may be served; undefined while there is no evidence for any. */
  get threshold(): Threshold | undefined {
    return this.#threshold
  }

  get vigilance(): Vigilance {
    return this.#vigilance
  }

  /** Whether what thresholds let pass was right often enough since they were chosen: only then is anything served. */
  get isProven(): boolean {
    const { maxWrongPerHit, confidence } = this.#pledge
    return isProven(this.#proof, maxWrongPerHit, confidence)
  }

  /** How likely it is that a candidate is right; undefined before the first fit. */
  scoreOf(features: readonly number[]): number | undefined {
    return this.#model && scoreOf(this.#model, features)
  }

  /**
   * Takes in one label, of a miss or of a user's report. Praise of what was served counts nothing: who praises is no fair sample,
   * and a bound must not rest on it. Refits when it is time, and looks at the threshold again when something was wrong.
   */
  add({ trial, correct }: Label): void {
    if (trial.stance === 'served' && correct) return
    const explored = trial.stance !== 'refused'
    this.#seen += 1
    const { features, answer, propensity } = trial
    this.#labels = [...this.#room(), { at: this.#seen, features, answer, correct, weight: 1 / propensity, explored }]
    // What is on probation is not served: it says nothing of what is.
    const counts = explored && !this.records.isOnProbation(answer)
    if (trial.score >= LOOKS_RIGHT || explored) this.#record(answer, correct)
    if (counts) this.#proof = afterTest(this.#proof, correct, this.#pledge.maxWrongPerHit)
    if (explored) this.#watch(correct, propensity)
    if (this.#seen >= this.#due) {
      this.#fit()
      this.#settle()
    } else if (explored && !correct) {
      this.#settle('only up')
    }
  }

  /** All labels of the present with their scores, from weights that were fitted without them. */
  scored(): readonly Scored[] {
    const model = this.#model
    if (model === undefined) return []
    return this.#labels
      .filter(({ at }) => at >= this.#era)
      .map((label) => ({
        score: unseenScore(model, label),
        correct: label.correct,
        weight: label.weight * this.#age(label),
      }))
  }

  #room(): readonly Labelled[] {
    return thinned(this.#labels)
  }

  #record(answer: string, correct: boolean): void {
    if (this.records.note(answer, correct)) this.#labels = without(this.#labels, answer, CONDEMNED)
  }

  #watch(correct: boolean, propensity: number): void {
    this.#vigilance = noticed(this.#vigilance, { correct, propensity }, this.#pledge.maxWrongPerHit)
    if (!isAlarmed(this.#vigilance)) return
    this.#vigilance = { ...this.#vigilance, suspicion: 0 }
    this.#proof = UNPROVEN
    this.#era = this.#seen - LEADING_TO_ALARM
    this.#labels = this.#labels.map((label) =>
      label.at < this.#era ? { ...label, weight: label.weight * AFTER_ALARM } : label,
    )
  }

  #fit(): void {
    this.#due = this.#seen + Math.max(BETWEEN_FITS, Math.round(this.#labels.length * GROWTH))
    const aged = this.#labels.map((label) => ({ ...label, weight: label.weight * this.#age(label) }))
    this.#model = fitModel(aged, this.#centre(), this.#model)
  }

  /** Between two fits the threshold is only raised: what lowers it waits for the next one. */
  #settle(direction: 'any' | 'only up' = 'any'): void {
    const { maxWrongPerHit: limit, confidenceOfALook: confidence } = this.#pledge
    const found = lowestThreshold(this.scored(), { limit, confidence, most: aim(this.#vigilance, limit) })
    const before = this.#threshold
    if (direction === 'only up' && (before === undefined || (found !== undefined && found.score < before.score))) return
    this.#threshold = found
  }

  #age({ at }: Labelled): number {
    return 0.5 ** ((this.#seen - at) / HALF_LIFE)
  }
}
