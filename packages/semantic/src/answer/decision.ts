import type { Refusal } from '../judge/verdict.ts'
import type { Ineligibility } from '../request/eligibility.ts'

/**
 * Why an answer is not a semantic hit, besides what a judge or the request says. `exact`: it did not have to be. `failure`: the
 * embedder, the index or the judge failed or was too slow. `reported`: somebody called the near answer wrong for this request.
 * `bypass` and `reload`: the caller wanted it so.
 */
export type OtherReason = 'exact' | 'failure' | 'reported' | 'bypass' | 'reload'

/** Where an answer came from, and why. Every answer carries one. */
export interface Decision {
  /** `exact`: the same request was answered before. `semantic`: another one that means the same. `model`: it was asked. */
  readonly source: 'exact' | 'semantic' | 'model'
  /** Names this answer in `feedback`. Opaque; it names the partition, so hand it to nobody outside of it. */
  readonly id: string
  /** Cosine similarity to the entry that was served, or to the nearest one that was not; undefined without a candidate. */
  readonly similarity: number | undefined
  /** By how much that entry is nearer than the nearest one with a different answer; undefined without a candidate. */
  readonly margin: number | undefined
  /** The upper confidence bound on wrong answers per hit at the judge's threshold; undefined while there is no evidence. */
  readonly bound: number | undefined
  /** Milliseconds since the answer was made; 0 from the model. */
  readonly age: number
  /**
   * What the answer cost in tokens when the model made it; 0 from the model. Undefined when nobody knows: the model did not say (a
   * stream without `stream_options: { include_usage: true }`), or the answer is still on its way.
   */
  readonly savedTokens: number | undefined
  /** In the currency of the `price` option; undefined without one, and when nobody knows the tokens. */
  readonly savedCost: number | undefined
  /** Whether another caller's call of the model, still running when this one came, gave the answer. The source is then `exact`. */
  readonly collapsed: boolean
  /** Why it is not a semantic hit; undefined when it is one. */
  readonly refused: Ineligibility | Refusal | OtherReason | undefined
}
