import type { ChatCompletion } from './chat-completion.ts'

/** An answer as the exact layer keeps it, under its request's key. */
export interface StoredAnswer {
  readonly completion: ChatCompletion
  /** The chunks of a stream, when it was recorded from one: boundaries are kept for the replay. */
  readonly chunks?: readonly string[]
  /** What the user is told was saved by a hit. */
  readonly tokens: number
  readonly cost: number | undefined
  /** Unix milliseconds, for display. */
  readonly created: number
}
