import type { ChatChunk, ChatCompletion, ChatRequest } from './completion.ts'

/** Whoever answers chat requests: a provider of models, or something that stands in front of one. */
export interface ChatProvider {
  /** Answers at once. Rejects with the reason of `signal` when that fires first. */
  complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion>
  /** Answers piece by piece, the usage last. Throws the reason of `signal` when that fires first. */
  stream(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatChunk>
}
