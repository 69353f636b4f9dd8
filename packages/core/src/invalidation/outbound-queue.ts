import type { Address, Targets } from '../engine/remote.ts'
import { CacheClosed } from '../errors.ts'
import type { ClockReading } from './clock-reading.ts'

/** The member that stands for the whole namespace. */
export const EVERYTHING = '*'

/**
 * Invalidations that Redis has not taken yet. Order does not matter, because invalidations commute, so they coalesce into
 * sets; past the bound they become one clear of the namespace: nothing is ever dropped.
 */
export class OutboundQueue {
  readonly #limit: number
  #keys = new Map<string, Address>()
  #members = new Set<string>()
  /** How often everything that waited has been delivered. */
  deliveries = 0
  /** The clock as the last delivery left it. */
  delivered: ClockReading | undefined
  readonly #waiters = new Set<{ resolve: () => void; reject: (error: Error) => void }>()

  constructor(limit = 10_000) {
    this.#limit = limit
  }

  /** Keys and members waiting. */
  get size(): number {
    return this.#keys.size + this.#members.size
  }

  add({ keys, members }: Targets): void {
    if (this.#members.has(EVERYTHING)) return
    for (const address of keys) this.#keys.set(address.key, address)
    for (const member of members) this.#members.add(member)
    if (this.#members.has(EVERYTHING) || this.size > this.#limit) {
      this.#keys = new Map()
      this.#members = new Set([EVERYTHING])
    }
  }

  /** Takes up to `count` of what waits; the caller adds it again when it cannot be sent. */
  take(count: number): Targets {
    const keys = [...this.#keys.values()].slice(0, count)
    const members = [...this.#members].slice(0, count - keys.length)
    for (const { key } of keys) this.#keys.delete(key)
    for (const member of members) this.#members.delete(member)
    return { keys, members }
  }

  /** Tells those who wait that the queue has been delivered, if it has; `reading` is what its last script answered. */
  settle(reading?: ClockReading): void {
    if (this.size > 0) return
    if (reading !== undefined) {
      this.deliveries += 1
      this.delivered = reading
    }
    for (const { resolve } of this.#waiters) resolve()
    this.#waiters.clear()
  }

  /** The cache closes: what still waits will not be delivered. */
  abandon(): void {
    for (const { reject } of this.#waiters) reject(new CacheClosed())
    this.#waiters.clear()
  }

  /** Resolves when nothing waits any more. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.add({ resolve, reject })
    })
  }
}
