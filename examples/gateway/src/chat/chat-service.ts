import type { Answered, CachePolicy, SemanticCache, Streamed } from '@granary/semantic'
import { NotFound } from '../domain/catalog.ts'
import type { CatalogService } from '../services/catalog-service.ts'
import type { ChatProvider } from './chat-provider.ts'
import type { ChatChunk, ChatCompletion, ChatRequest } from './completion.ts'
import { askedBy } from './response-cache.ts'

/** Who asks, and how. */
export interface ChatCaller {
  /** The user whose answers may be reused. */
  readonly tenant: number
  /** Whether the response cache is used. */
  readonly policy: CachePolicy
  /** Fires when nobody waits any more. */
  readonly signal: AbortSignal
}

/** What a chat service is made of. */
export interface ChatServiceParts {
  readonly provider: ChatProvider
  readonly catalog: CatalogService
  readonly answers: SemanticCache
}

/** Answers chat requests for models on offer: from the response cache where it may, else by the provider. */
export class ChatService {
  readonly #parts: ChatServiceParts

  constructor(parts: ChatServiceParts) {
    this.#parts = parts
  }

  /** The whole answer, and where it came from. Throws `NotFound` for a model that is not on offer. */
  async complete(request: ChatRequest, { tenant, policy, signal }: ChatCaller): Promise<Answered<ChatCompletion>> {
    const { provider, answers } = this.#parts
    await this.#requireModel(request.model)
    const ask = (_: unknown, call: { signal: AbortSignal }) => provider.complete(request, call.signal)
    return answers.ask(askedBy(tenant, request), ask, { policy, signal })
  }

  /** The answer piece by piece, the usage last, and where it comes from. Throws `NotFound` before that. */
  async stream(request: ChatRequest, { tenant, policy, signal }: ChatCaller): Promise<Streamed<ChatChunk>> {
    const { provider, answers } = this.#parts
    await this.#requireModel(request.model)
    const ask = (_: unknown, call: { signal: AbortSignal }) => provider.stream(request, call.signal)
    return answers.askStream(askedBy(tenant, request), ask, { policy, signal })
  }

  async #requireModel(id: string): Promise<void> {
    const model = await this.#parts.catalog.model(id)
    if (model === null) throw new NotFound(`the model '${id}'`)
  }
}
