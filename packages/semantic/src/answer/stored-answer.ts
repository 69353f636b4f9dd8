import type { StreamRecord } from '../stream/stream-record.ts'
import type { Unkept } from './admission.ts'
import type { ChatCompletion } from './chat-completion.ts'

/** An answer as the exact layer keeps it, under its request's tenant and key. */
export interface StoredAnswer {
  readonly completion: ChatCompletion
  /** How it streamed, when it was recorded from a stream: boundaries are kept for the replay. */
  readonly record: StreamRecord | undefined
  /** The scope of its request: it is served for no request of another one. */
  readonly scope: string
  /** Its request's turn in a conversation: what links of earlier turns are found by. */
  readonly turn: string
  readonly tags: readonly string[]
  /** Whether the right answer changes with time: then it is kept for a short time. */
  readonly volatile: boolean
  /** What the user is told was saved by a hit; undefined when the model did not say. */
  readonly tokens: number | undefined
  readonly cost: number | undefined
  /** Unix milliseconds, for display. */
  readonly created: number
  /** Why it is not kept: those who wait for it get it, nobody else does. */
  readonly unkept: Unkept | undefined
}
