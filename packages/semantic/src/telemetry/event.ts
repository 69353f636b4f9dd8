import type { Unkept } from '../answer/admission.ts'
import type { Decision } from '../answer/decision.ts'

/** A part whose failure is a miss and never an error. */
export type FailingPart = 'embedder' | 'index' | 'judge' | 'comparison' | 'labels' | 'links'

/** Everything that a semantic cache tells, noun first, in the past tense. No event holds a prompt or an answer. */
export type SemanticEvent =
  | { readonly type: 'answer-served'; readonly stream: boolean; readonly decision: Decision }
  | { readonly type: 'answer-stored'; readonly id: string; readonly indexed: boolean }
  | { readonly type: 'answer-refused'; readonly id: string; readonly reason: Unkept }
  | { readonly type: 'stream-lost'; readonly id: string; readonly reason: string }
  | { readonly type: 'trial-labelled'; readonly correct: boolean; readonly source: 'comparison' | 'feedback' }
  | { readonly type: 'feedback-given'; readonly id: string; readonly verdict: 'good' | 'bad' }
  | { readonly type: 'entry-dropped'; readonly id: string; readonly cause: 'reports' | 'answer-gone' }
  | { readonly type: 'part-failed'; readonly part: FailingPart; readonly cause: unknown }

/** The event of one type. */
export type SemanticEventOf<T extends SemanticEvent['type']> = Extract<SemanticEvent, { readonly type: T }>
