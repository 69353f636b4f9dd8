import type { ChatChunk } from '../stream/chat-chunk.ts'
import type { LiveStream } from '../stream/live-stream.ts'
import { LostThread } from '../stream/lost-thread.ts'

/** How a stream that was asked for began: it runs in this process, or its answer was stored meanwhile. */
export type Opening = LiveStream | 'stored'

/** What this process is doing for the callers of one key. */
export class Undertaking {
  /** Aborted when the last caller who waits for a whole answer has left. */
  readonly #loads = new Set<AbortController>()
  #live: LiveStream | undefined
  #waiting = 0
  #release: (() => void) | undefined
  /** The opening of a stream that others may follow, and the epoch in which it was asked for. */
  opening: { readonly epoch: number; readonly opened: Promise<Opening>; wanted: number } | undefined

  /** Whether somebody waits for the whole answer. */
  get isAwaited(): boolean {
    return this.#waiting > 0
  }

  /** Whether nobody waits and nothing runs. */
  get isIdle(): boolean {
    return this.#waiting === 0 && this.#loads.size === 0 && this.#live === undefined && this.opening === undefined
  }

  /** A caller waits for the whole answer, until the returned function is called. */
  wait(): () => void {
    this.#waiting += 1
    this.#release ??= this.#live?.wantWhole()
    return () => {
      this.#waiting -= 1
      if (this.#waiting > 0) return
      this.#release?.()
      this.#release = undefined
      for (const controller of this.#loads) controller.abort(new LostThread('abandoned'))
    }
  }

  /** Runs a call of the model whose signal fires when nobody waits for it any more. */
  async load<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    this.#loads.add(controller)
    try {
      return await call(controller.signal)
    } finally {
      this.#loads.delete(controller)
    }
  }

  /** From now on those who wait are served by this stream, until it has been recorded or lost. */
  carry(live: LiveStream): Promise<readonly ChatChunk[]> {
    this.#live = live
    if (this.#waiting > 0) this.#release = live.wantWhole()
    return live.recorded.finally(() => {
      if (this.#live === live) this.#live = undefined
    })
  }
}

/** The undertakings of a process by key. Bounded by the calls in flight. */
export class Undertakings {
  readonly #byKey = new Map<string, Undertaking>()

  of(key: string): Undertaking {
    const found = this.#byKey.get(key)
    if (found !== undefined) return found
    const made = new Undertaking()
    this.#byKey.set(key, made)
    return made
  }

  /** Forgets an undertaking that has come to its end. */
  tidy(key: string): void {
    if (this.#byKey.get(key)?.isIdle) this.#byKey.delete(key)
  }

  get size(): number {
    return this.#byKey.size
  }
}
