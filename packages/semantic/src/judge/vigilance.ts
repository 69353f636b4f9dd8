/**
 * How closely a judge watches itself. Of the requests that it would serve it asks some of the model instead, and learns whether it
 * would have been right. How many depends on what it can afford: the wrong answers that slip through until one is noticed must fit
 * into what is left of the budget. After a wrong one it serves nothing, until a sequential test says that all is well or that
 * things have changed (Wald, Annals of Mathematical Statistics 16, 1945; restarted at zero: Page, Biometrika 41, 1954).
 */
export interface Vigilance {
  /** The test's log-likelihood ratio for "several times as many wrong answers as allowed". */
  readonly suspicion: number
  /** Hits that were served, and wrong ones among them, as the explored ones tell. */
  readonly hits: number
  readonly wrong: number
}

/** Where it begins: nothing served, nothing noticed. */
export const CALM: Vigilance = Object.freeze({ suspicion: 0, hits: 0, wrong: 0 })

/** At this suspicion things have changed: a false alarm comes about once in 35 rises. */
const ALARM = 3.6
/** From here on all is asked: one wrong answer is enough, under any bound up to 0.47. */
const DOUBT = 1
const LEAST_SHARE = 0.04
const MOST_SHARE = 0.75
/** Wrong answers that may slip through before one is noticed. */
const UNNOTICED = 3
/** What the test tells apart, in multiples of the allowed share of wrong answers. */
const WELL = 0.7
const CHANGED = 3

/** What one explored request changes. */
export function noticed(
  before: Vigilance,
  label: { readonly correct: boolean; readonly propensity: number },
  limit: number,
): Vigilance {
  const [well, changed] = [limit * WELL, Math.min(0.9, limit * CHANGED)]
  const ratio = label.correct ? (1 - changed) / (1 - well) : changed / well
  // One in so many was explored: it stands for those that were served.
  const served = 1 / label.propensity - 1
  return {
    suspicion: Math.max(0, before.suspicion + Math.log(ratio)),
    hits: before.hits + served,
    wrong: before.wrong + (label.correct ? 0 : served),
  }
}

/** Whether what was learned no longer holds. */
export function isAlarmed({ suspicion }: Vigilance): boolean {
  return suspicion > ALARM
}

/** The share of requests to ask of the model although they could be served. */
export function exploration({ suspicion, hits, wrong }: Vigilance, limit: number): number {
  if (suspicion > DOUBT) return 1
  const left = Math.max(0, limit * hits - wrong)
  return Math.min(MOST_SHARE, Math.max(LEAST_SHARE, UNNOTICED / (UNNOTICED + left)))
}

/**
 * The share of wrong answers to aim at: little at first, when one wrong answer is many per cent of the few hits, and never all
 * that is allowed, so that something is left for the day on which things change.
 */
export function aim({ hits }: Vigilance, limit: number): number {
  const experience = hits / (hits + 2 / limit)
  return limit * (0.2 + 0.3 * experience)
}
