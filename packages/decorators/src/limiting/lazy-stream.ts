/** A stream that is opened when its first piece is wanted. One that is left before is never opened. */
export class LazyStream<T, R> implements AsyncGenerator<T, R | undefined> {
  readonly #open: () => Promise<AsyncIterable<T, R | undefined>>
  #pieces: Promise<AsyncIterator<T, R | undefined>> | undefined

  constructor(open: () => Promise<AsyncIterable<T, R | undefined>>) {
    this.#open = open
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<T, R | undefined>> {
    this.#pieces ??= this.#start()
    return (await this.#pieces).next()
  }

  async return(value?: R | PromiseLike<R | undefined>): Promise<IteratorResult<T, R | undefined>> {
    const pieces = await this.#leave()
    await pieces?.return?.()
    return { done: true, value: await value }
  }

  async throw(error: unknown): Promise<IteratorResult<T, R | undefined>> {
    const pieces = await this.#leave()
    if (pieces?.throw !== undefined) return pieces.throw(error)
    await pieces?.return?.()
    throw error
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  /** One that could not be opened has told why, and is over. */
  async #start(): Promise<AsyncIterator<T, R | undefined>> {
    try {
      return (await this.#open())[Symbol.asyncIterator]()
    } catch (error) {
      this.#pieces = Promise.resolve(OVER)
      throw error
    }
  }

  async #leave(): Promise<AsyncIterator<T, R | undefined> | undefined> {
    const pieces = this.#pieces
    this.#pieces ??= Promise.resolve(OVER)
    return pieces?.catch(() => undefined)
  }
}

const OVER: AsyncIterator<never, undefined> = { next: async () => ({ done: true, value: undefined }) }
