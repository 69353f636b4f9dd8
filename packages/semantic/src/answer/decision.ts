import type { Refusal } from '../judge/verdict.ts'
import type { Ineligibility } from '../request/canonical-request.ts'

/** Where an answer came from, and why. Every answer carries one. */
export interface Decision {
  /** `exact`: the same request was answered before. `semantic`: another one that means the same. `model`: it was asked. */
  readonly source: 'exact' | 'semantic' | 'model'
  /** Names this answer in `feedback`. */
  readonly id: string
  /** Cosine similarity to the entry that was served, or to the nearest one that was not; undefined without a candidate. */
  readonly similarity: number | undefined
  /** By how much that entry is nearer than the nearest one with a different answer; undefined without a candidate. */
  readonly margin: number | undefined
  /** The upper confidence bound on wrong answers per hit at the judge's threshold; undefined while there is no evidence. */
  readonly bound: number | undefined
  /** Milliseconds since the answer was made; 0 from the model. */
  readonly age: number
  readonly savedTokens: number
  /** In the currency of the `price` option; undefined without one. */
  readonly savedCost: number | undefined
  /** Why it is not a semantic hit; undefined when it is one. */
  readonly refused: Ineligibility | Refusal | 'exact' | 'failure' | undefined
}
