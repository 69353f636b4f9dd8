/** Two requests' texts and answers, of which it is asked whether one answer will do for both. */
export interface AnswerPair {
  /** The request that was just answered by the model. */
  readonly text: string
  readonly answer: string
  /** The entry that was near. */
  readonly nearText: string
  readonly nearAnswer: string
}

/**
 * Says whether two answers mean the same: what a judge learns from. `unknown` teaches nothing. Runs off the request's path. It
 * rejects when it cannot answer, which counts as `unknown`. A port: bring your own, such as a cheap model.
 */
export type AnswerComparison = (pair: AnswerPair, signal?: AbortSignal) => Promise<'same' | 'different' | 'unknown'>

/** Equal but for case, white space and punctuation. What is not equal in this sense is taken as different. */
export const sameText: AnswerComparison = async ({ answer, nearAnswer }) =>
  plain(answer) === plain(nearAnswer) ? 'same' : 'different'

function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{P}\s]+/gu, ' ')
    .trim()
}
