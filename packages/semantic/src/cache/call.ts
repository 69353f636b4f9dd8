import type { ChatCompletion } from '../answer/chat-completion.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { ChatRequest } from '../request/chat-request.ts'
import type { ChatChunk } from '../stream/chat-chunk.ts'

/** What a call of the model is given beside the request. */
export interface ModelCall {
  /** Fires when nobody waits for the answer any more: hand it to the client, so that the model stops. */
  readonly signal: AbortSignal
}

/** Asks a model. */
export type Complete<Request extends ChatRequest = ChatRequest> = (
  request: Request,
  call: ModelCall,
) => Promise<ChatCompletion>

/** Asks a model for a stream. */
export type CompleteStream<Request extends ChatRequest = ChatRequest> = (
  request: Request,
  call: ModelCall,
) => Promise<AsyncIterable<ChatChunk>> | AsyncIterable<ChatChunk>

/**
 * Whether the cache is used for a call. `use`: yes. `reload`: the model is asked, and its answer replaces what is stored. `bypass`:
 * the model is asked, and nothing is read or stored.
 */
export type CachePolicy = 'use' | 'reload' | 'bypass'

/** How one request is to be answered. */
export interface AskOptions {
  /** Default: `use`. See `cachePolicyOf` for requests over HTTP. */
  readonly policy?: CachePolicy
  /** When it fires, the caller gets its reason; the model is told once nobody else waits for the same answer. */
  readonly signal?: AbortSignal
}

/** One request on its way through the cache. */
export interface Call {
  readonly request: ChatRequest
  readonly canonical: CanonicalRequest
  readonly tags: readonly string[]
  readonly policy: CachePolicy
  readonly signal: AbortSignal | undefined
}
