import { NotFound } from '../domain/catalog.ts'
import type { CatalogService } from '../services/catalog-service.ts'
import type { ChatProvider } from './chat-provider.ts'
import type { ChatChunk, ChatCompletion, ChatRequest } from './completion.ts'

/**
 * Answers chat requests for models on offer.
 *
 * It is a {@link ChatProvider} that stands in front of another one, and so is whatever may come to stand between the two.
 */
export class ChatService implements ChatProvider {
  readonly #provider: ChatProvider
  readonly #catalog: CatalogService

  constructor(provider: ChatProvider, catalog: CatalogService) {
    this.#provider = provider
    this.#catalog = catalog
  }

  /** The whole answer. Throws `NotFound` for a model that is not on offer. */
  async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    await this.#requireModel(request.model)
    return this.#provider.complete(request, signal)
  }

  /** The answer piece by piece, the usage last. Throws `NotFound` before the first piece. */
  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk, void, undefined> {
    await this.#requireModel(request.model)
    yield* this.#provider.stream(request, signal)
  }

  async #requireModel(id: string): Promise<void> {
    const model = await this.#catalog.model(id)
    if (model === null) throw new NotFound(`the model '${id}'`)
  }
}
