import { InvalidOption } from '@granary/core'

/** Options of {@link learnedJudge}. */
export interface LearnedJudgeOptions {
  /** The greatest share of semantic hits that may be wrong, from 0.001 to 0.5. Hits, not requests: misses do not dilute it. */
  readonly maxWrongPerHit: number
  /** How sure the judge has to be of that, from 0.5 to 0.999. Default: 0.95. */
  readonly confidence?: number
  /** Learn and report, and serve nothing. Default: false; without evidence a judge serves nothing anyway. */
  readonly shadow?: boolean
}

/** What a judge keeps to. */
export interface Pledge {
  readonly maxWrongPerHit: number
  /** As asked for: how sure the proof has to be, at all moments at once. */
  readonly confidence: number
  /** Of one look at labels: thresholds are looked for again and again, so each look is held to more than was asked for. */
  readonly confidenceOfALook: number
  readonly shadow: boolean
}

/** The share of the allowed doubt that a single look may use up. */
const SHARE_OF_DOUBT = 0.4

/**
 * What a judge keeps to, from its options.
 *
 * @throws InvalidOption when an option is out of its range.
 */
export function resolvePledge({ maxWrongPerHit, confidence = 0.95, shadow = false }: LearnedJudgeOptions): Pledge {
  check('maxWrongPerHit', maxWrongPerHit, 0.001, 0.5)
  check('confidence', confidence, 0.5, 0.999)
  const confidenceOfALook = 1 - (1 - confidence) * SHARE_OF_DOUBT
  return Object.freeze({ maxWrongPerHit, confidence, confidenceOfALook, shadow: shadow === true })
}

function check(option: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  throw new InvalidOption(`match: ${option}`, value, `it is a share from ${least} to ${most}`)
}
