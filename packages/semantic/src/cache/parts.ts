import type { Cache, Clock, Random } from '@granary/core'
import type { Usage } from '../answer/chat-completion.ts'
import type { Embedder } from '../embed/embedder.ts'
import type { Judge } from '../judge/verdict.ts'
import type { AnswerComparison } from '../labels/answer-comparison.ts'
import type { VectorIndex } from '../nearest/vector-index.ts'
import type { RequestRules } from '../request/canonical-request.ts'
import type { ChatRequest } from '../request/chat-request.ts'
import type { RecordingLimits } from '../stream/live-stream.ts'
import type { Pacing } from '../stream/replay.ts'
import type { SemanticTelemetry } from '../telemetry/telemetry.ts'
import type { Answers } from './answers.ts'
import type { Learner } from './learner.ts'

/** What an answer of a model cost. */
export type Price = (answer: { readonly model: string; readonly usage: Usage }) => number | undefined

/** How long each part may take, in milliseconds: past it, it has failed. */
export interface Deadlines {
  readonly embed: number
  readonly search: number
  readonly write: number
  readonly compare: number
  readonly labels: number
}

/** What the composition root gives the cache. */
export interface SemanticCacheParts {
  readonly cache: Cache
  readonly answers: Answers
  readonly rules: RequestRules
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly judge: Judge
  readonly compare: AnswerComparison
  readonly learner: Learner
  readonly tags: ((request: ChatRequest) => readonly string[]) | undefined
  readonly price: Price | undefined
  /** Milliseconds for which entries are indexed: as long as an answer can live. */
  readonly indexTtl: number
  readonly toolCalls: boolean
  /** So many bad reports drop an answer. */
  readonly dropAfter: number
  readonly deadlines: Deadlines
  readonly recording: RecordingLimits
  readonly pacing: Pacing
  readonly telemetry: SemanticTelemetry
  readonly clock: Clock
  readonly random: Random
}
