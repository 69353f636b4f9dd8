import { type ChatChunk, type ChatRequest, type Usage, usageOf } from './completion.ts'
import { countTokens, promptTokens } from './tokens.ts'

/**
 * What a request has used so far. The provider's own count counts; of an answer that ends before it, as when its reader
 * goes away, what was seen of it.
 */
export class UsageMeter {
  readonly #request: ChatRequest
  #text = ''
  #counted: Usage | undefined
  #reached = false
  #isFree = false

  constructor(request: ChatRequest) {
    this.#request = request
  }

  /** Tokens used; none by a request that no provider began to answer. */
  get totalTokens(): number {
    if (this.#isFree) return 0
    if (this.#counted !== undefined) return this.#counted.total_tokens
    return this.#reached ? usageOf(promptTokens(this.#request), countTokens(this.#text)).total_tokens : 0
  }

  /** Passes the pieces of an answer on, and notes each. */
  async *watch(pieces: AsyncIterable<ChatChunk>): AsyncGenerator<ChatChunk, void, undefined> {
    for await (const piece of pieces) {
      this.#see(piece)
      yield piece
    }
  }

  /** Notes that nobody waits for the answer any more: the provider has read the messages all the same. */
  abandon(): void {
    this.#reached = true
  }

  /** Notes that the answer came from the cache: nothing was used for it, whatever its pieces say. */
  free(): void {
    this.#isFree = true
  }

  /** Notes the provider's count. */
  count(usage: Usage): void {
    this.#counted = usage
  }

  #see({ choices, usage }: ChatChunk): void {
    this.#reached = true
    for (const { delta } of choices) this.#text += delta.content ?? ''
    if (usage !== null) this.#counted = usage
  }
}
