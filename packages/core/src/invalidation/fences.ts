/**
 * What this process has learned of invalidations, counted by a local event number.
 *
 * Everything that may later fill memory notes the number when it begins (`born`) and may fill only if nothing it depends on
 * had an event after that. Tables are bounded: forgetting raises a floor, which counts as an event of everything forgotten.
 */
export class Fences {
  readonly #limit: number
  readonly #tags = new Map<string, number>()
  readonly #pending = new Map<string, number>()
  #events = 0
  #tagEvents = 0
  #floor = 0

  constructor(limit = 50_000) {
    this.#limit = limit
  }

  /** The local event number: rises with each invalidation learned. */
  get events(): number {
    return this.#events
  }

  /** How many of the events concerned tags; an unchanged count means no entry lost a tag. */
  get tagEvents(): number {
    return this.#tagEvents
  }

  /** Tags remembered now. */
  get size(): number {
    return this.#tags.size
  }

  /** An event that concerns keys, names or everything; returns its number. */
  advance(): number {
    this.#events += 1
    return this.#events
  }

  /** An event of these tag digests. */
  advanceTags(tags: readonly string[]): void {
    const event = this.advance()
    this.#tagEvents += 1
    for (const tag of tags) {
      this.#tags.delete(tag)
      this.#tags.set(tag, event)
    }
    if (this.#tags.size > this.#limit) this.#prune()
  }

  /** The number of the last event of any of these tags. */
  lastEventOf(tags: readonly string[]): number {
    let last = tags.length === 0 ? 0 : this.#floor
    for (const tag of tags) {
      const event = this.#tags.get(tag)
      if (event !== undefined && event > last) last = event
    }
    return last
  }

  /** Scopes (`entry key`, tag digest) whose invalidation is on its way to Redis: memory is neither served nor filled for them. */
  begin(scopes: readonly string[]): void {
    for (const scope of scopes) this.#pending.set(scope, (this.#pending.get(scope) ?? 0) + 1)
  }

  /** The invalidation of these scopes has been answered, or queued. */
  end(scopes: readonly string[]): void {
    for (const scope of scopes) {
      const left = (this.#pending.get(scope) ?? 1) - 1
      if (left === 0) this.#pending.delete(scope)
      else this.#pending.set(scope, left)
    }
  }

  /** Whether an invalidation of the key or of one of the tags is on its way. */
  isPending(key: string, tags: readonly string[]): boolean {
    if (this.#pending.size === 0) return false
    return this.#pending.has(key) || tags.some((tag) => this.#pending.has(tag))
  }

  #prune(): void {
    let surplus = this.#tags.size - Math.floor(this.#limit / 2)
    for (const [tag, event] of this.#tags) {
      if (surplus-- <= 0) break
      this.#tags.delete(tag)
      this.#floor = Math.max(this.#floor, event)
    }
  }
}
