import { BriefMap } from '../brief-map.ts'

/** Why detached work runs. */
export type BackgroundReason = 'refresh' | 'commit' | 'release' | 'invalidation' | 'unawaited-load' | 'outbox'

/** Every promise that nobody awaits, registered so that `drain` can. */
export class Background {
  readonly #running = new BriefMap<Promise<unknown>, BackgroundReason>()

  /** Pieces of work running now. */
  get size(): number {
    return this.#running.size
  }

  /** Registers work. Its failure is its own affair: it must have been told by then. */
  run(reason: BackgroundReason, work: Promise<unknown>): void {
    this.#running.set(work, reason)
    const done = () => {
      this.#running.delete(work)
    }
    work.then(done, done)
  }

  /** Resolves when nothing is running any more, work begun meanwhile included. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.keys())
  }
}
