import type { ChatChunk } from './chat-chunk.ts'

type Result = IteratorResult<ChatChunk, undefined>

/**
 * A stream on its way to one caller. Leaving takes effect at once, be it by `return()` or by the signal, also while the next chunk
 * is awaited: a source that answers late, or never, holds nobody.
 */
export class Delivery implements AsyncIterableIterator<ChatChunk, undefined> {
  readonly #source: AsyncIterator<ChatChunk>
  readonly #wants: (chunk: ChatChunk) => boolean
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.#leave()
  #isOver = false
  #interrupt: (() => void) | undefined

  /** @param wants - Chunks of which it says false are left out. */
  constructor(
    source: AsyncIterator<ChatChunk>,
    { signal, wants = () => true }: { signal: AbortSignal | undefined; wants?: (chunk: ChatChunk) => boolean },
  ) {
    this.#source = source
    this.#wants = wants
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    if (signal?.aborted) this.#leave()
  }

  async next(): Promise<Result> {
    for (;;) {
      if (this.#isOver) return this.#ended()
      const result = await this.#take()
      if (result.done === true) this.#close()
      if (result.done === true || this.#wants(result.value)) return result
    }
  }

  async return(): Promise<Result> {
    this.#leave()
    return { done: true, value: undefined }
  }

  async throw(error: unknown): Promise<Result> {
    this.#leave()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #take(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () => {
        this.#ended().then(resolve, reject)
      }
      this.#source.next().then(resolve as (result: IteratorResult<ChatChunk>) => void, (error) => {
        this.#close()
        reject(error)
      })
    })
  }

  /** The end for somebody who left: the reason of the signal, once it has fired. */
  async #ended(): Promise<Result> {
    if (this.#signal?.aborted) throw this.#signal.reason
    return { done: true, value: undefined }
  }

  #leave(): void {
    if (this.#isOver) return
    this.#close()
    Promise.resolve(this.#source.return?.()).catch(() => {})
    this.#interrupt?.()
  }

  #close(): void {
    this.#isOver = true
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
