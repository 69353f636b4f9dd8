import type { Landing } from '../engine/landing.ts'
import type { Entry } from '../entry/entry.ts'
import type { Segment } from '../tiers/segment.ts'

/** How a waiting flight was woken: by a value, by a holder's failure, or by time. */
export type Wake = 'stored' | 'failed' | 'time'

/** One shared attempt to obtain one entry: read, lease, load. Callers of the same key join it. */
export class Flight {
  readonly key: string
  readonly segment: Segment
  readonly startedAt: number
  /** Its place in the order of all flights and leaseless loads of the cache. */
  order = 0
  /** New callers of the key find it. */
  isJoinable = false
  /** No longer joined by new callers, and not allowed to fill memory: its key was invalidated. */
  detached = false
  /** Its key was written by somebody, perhaps by its own lease: until that is known it does not fill memory. */
  pushed = false
  /** The token under which it loads, one character a byte. */
  lease: string | undefined
  /** What Redis held that may be served if the load fails or is slow. */
  fallback: Entry | undefined
  #waitsFor: Set<Flight> | undefined
  #outcome: Landing | Promise<Landing> | undefined
  #landed: Promise<Landing> | undefined
  #land: ((landing: Landing | PromiseLike<Landing>) => void) | undefined
  #news: Wake | undefined
  #listener: ((wake: Wake) => void) | undefined

  constructor(key: string, segment: Segment, startedAt: number) {
    this.key = key
    this.segment = segment
    this.startedAt = startedAt
  }

  /** Flights whose landing this one's loader waits for. */
  get waitsFor(): Set<Flight> {
    this.#waitsFor ??= new Set()
    return this.#waitsFor
  }

  /** What it brings. It becomes a promise only when somebody asks, and may be asked for while the flight is still taking off. */
  get landed(): Promise<Landing> {
    this.#landed ??=
      this.#outcome === undefined
        ? new Promise((resolve) => {
            this.#land = resolve
          })
        : Promise.resolve(this.#outcome)
    return this.#landed
  }

  /** Tells what it brings, or will bring. Called once. */
  land(outcome: Landing | Promise<Landing>): void {
    if (this.#land === undefined) this.#outcome = outcome
    else this.#land(outcome)
  }

  /**
   * Waits for news of the lease that another process holds, or until `elapse` calls back. News that came since the last
   * call counts at once: the message may arrive before the reply that made this flight wait.
   */
  news(elapse: (done: () => void) => () => void): Promise<Wake> {
    if (this.#news !== undefined) {
      const news = this.#news
      this.#news = undefined
      return Promise.resolve(news)
    }
    return new Promise((resolve) => {
      const cancel = elapse(() => this.#listener?.('time'))
      this.#listener = (wake) => {
        this.#listener = undefined
        this.#news = undefined
        cancel()
        resolve(wake)
      }
    })
  }

  /** Tells that the holder stored or failed. */
  wake(wake: 'stored' | 'failed'): void {
    if (this.#listener === undefined) this.#news = wake
    else this.#listener(wake)
  }

  /** The flights from this one to `other`, both included, along which each loader waits for the next; undefined if it does not. */
  pathTo(other: Flight, seen = new Set<Flight>()): readonly Flight[] | undefined {
    if (this === other) return [this]
    if (seen.has(this)) return undefined
    seen.add(this)
    for (const next of this.#waitsFor ?? []) {
      const path = next.pathTo(other, seen)
      if (path !== undefined) return [this, ...path]
    }
    return undefined
  }
}
