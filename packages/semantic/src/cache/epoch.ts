import type { Cache } from '@granary/core'

/**
 * Counts whatever may have made a running answer invalid: invalidations here and from elsewhere, and the loss of Redis. A stream
 * that began in an earlier epoch is not joined any more; which of its readers may have its end, the cache beneath decides by tags.
 */
export class Epoch {
  #now = 0
  readonly #stop: readonly (() => void)[]

  constructor(cache: Cache) {
    const next = () => {
      this.#now += 1
    }
    this.#stop = [
      cache.on('invalidation-sent', next),
      cache.on('invalidation-received', next),
      cache.on('redis-lost', next),
    ]
  }

  get now(): number {
    return this.#now
  }

  close(): void {
    for (const stop of this.#stop) stop()
  }
}
