/** Blocks that grow: a subject that keeps calling into its limits is shut out for longer and longer. */
import type { Micros } from './verdict.ts'

/** When refusals turn into blocks, resolved. */
export interface PenaltyRule {
  /** Refusals before the first block. */
  readonly after: number
  /** The length of the first block. */
  readonly first: Micros
  /** By how much each further refusal multiplies the block; a whole number. */
  readonly factor: number
  /** The longest block. */
  readonly max: Micros
  /** Time without a refusal after which all is forgotten. */
  readonly forget: Micros
}

/** The refusals of one subject. */
export interface PenaltyState {
  /** Refusals that were not forgotten. */
  readonly strikes: number
  /** When the last one was. */
  readonly struck: Micros
  /** Until when every call is refused; 0 or past when none is. */
  readonly blocked: Micros
}

/** The state after a refusal at `now`. A call refused by a block is no further strike. */
export function strike(rule: PenaltyRule, state: PenaltyState, now: Micros): PenaltyState {
  if (state.blocked > now) return state
  const strikes = state.strikes > 0 && state.struck + rule.forget > now ? state.strikes + 1 : 1
  if (strikes < rule.after) return { strikes, struck: now, blocked: state.blocked }
  let length = rule.first
  for (let more = strikes - rule.after; more > 0 && length < rule.max; more--) length *= rule.factor
  return { strikes: Math.min(strikes, MOST_STRIKES), struck: now, blocked: now + Math.min(length, rule.max) }
}

/** As many as the packed form can hold. */
const MOST_STRIKES = 65_535
