import type { RedisLike } from '@granary/core'

/** The part of a stream that holds writes back. */
interface Corkable {
  cork(): void
  uncork(): void
}

/** As many commands as are held back: then the server begins with them while this process goes on. */
const PIECE = 16

/**
 * Sends the commands of one turn of the event loop in pieces: a write for each would cost more than all else that a call
 * does. It only holds back the socket of an ioredis client; on others, such as a Cluster, it does nothing.
 */
export class Gathering {
  readonly #client: { readonly stream?: Corkable }
  #held = 0

  constructor(client: RedisLike) {
    this.#client = client as { readonly stream?: Corkable }
  }

  /** Holds writes back until everything that is ready to run has run. Call it before a command. */
  begin(): void {
    const { stream } = this.#client
    if (stream === undefined) return
    if (this.#held === 0) {
      stream.cork()
      process.nextTick(() => this.#release(stream))
    } else if (this.#held % PIECE === 0) {
      stream.uncork()
      stream.cork()
    }
    this.#held += 1
  }

  #release(stream: Corkable): void {
    this.#held = 0
    stream.uncork()
  }
}
