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
  /** What is on its way, and how often: taken, and not yet known to have arrived. */
  readonly #underway = new Map<string, number>()
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

  /** Members waiting. */
  get members(): number {
    return this.#members.size
  }

  /** The same, with what is on its way. */
  get pending(): number {
    return this.size + this.#underway.size
  }

  /** Whether what Redis holds under a key may be older than an invalidation that has not arrived. */
  holds(key: string): boolean {
    if (this.pending === 0) return false
    return (
      this.#keys.has(key) || this.#underway.has(key) || this.#members.has(EVERYTHING) || this.#underway.has(EVERYTHING)
    )
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

  /** Takes up to `count` of what waits. The caller says what became of it: {@link OutboundQueue.settle} or {@link OutboundQueue.putBack}. */
  take(count: number): Targets {
    const keys = [...this.#keys.values()].slice(0, count)
    const members = [...this.#members].slice(0, count - keys.length)
    for (const { key } of keys) this.#keys.delete(key)
    for (const member of members) this.#members.delete(member)
    for (const scope of scopesOf({ keys, members })) this.#underway.set(scope, (this.#underway.get(scope) ?? 0) + 1)
    return { keys, members }
  }

  /** What was taken could not be sent, or only in part: the rest waits again. */
  putBack(taken: Targets, rest: Targets = taken): void {
    this.add(rest)
    this.settle(taken)
  }

  /**
   * What was taken has arrived. Tells those who wait when nothing waits any more; `reading` is what the last script of the
   * delivery answered.
   */
  settle(taken: Targets = NOTHING, reading?: ClockReading): void {
    for (const scope of scopesOf(taken)) {
      const left = (this.#underway.get(scope) ?? 1) - 1
      if (left === 0) this.#underway.delete(scope)
      else this.#underway.set(scope, left)
    }
    if (this.pending > 0) return
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
    if (this.pending === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      this.#waiters.add({ resolve, reject })
    })
  }
}

const NOTHING: Targets = { keys: [], members: [] }

function scopesOf({ keys, members }: Targets): readonly string[] {
  return [...keys.map(({ key }) => key), ...members]
}
