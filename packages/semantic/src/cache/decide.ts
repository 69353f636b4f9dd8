import type { Decision } from '../answer/decision.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { Evidence } from '../judge/verdict.ts'

/** What is known when an answer is handed out. */
export interface Circumstances {
  readonly source: Decision['source']
  readonly id: string
  readonly refused: Decision['refused']
  readonly evidence?: Evidence | undefined
  readonly collapsed?: boolean
  /** The answer, when it was made before or by another's call. */
  readonly stored?: StoredAnswer | undefined
  /** Unix milliseconds. */
  readonly wall: number
}

/** The decision that goes with an answer. */
export function decide(known: Circumstances): Decision {
  const { source, id, refused, evidence, collapsed = false, wall } = known
  const stored = source === 'model' ? undefined : known.stored
  return Object.freeze({
    source,
    id,
    similarity: evidence?.similarity,
    margin: evidence?.margin,
    bound: evidence?.bound,
    age: stored === undefined ? 0 : Math.max(0, wall - stored.created),
    savedTokens: source === 'model' ? 0 : stored?.tokens,
    savedCost: stored?.cost,
    collapsed,
    refused,
  })
}
