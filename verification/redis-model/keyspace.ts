/** A sorted set: scores by member. */
export type SortedSet = Map<string, number>

interface Slot {
  value: string | SortedSet
  /** Server milliseconds; Infinity for none. */
  expiresAt: number
}

/** An error reply. */
export class ErrorReply extends Error {
  override readonly name = 'ReplyError'
}

/** The data of the modelled server. Strings are bytes as latin-1 characters; expiry follows the server's own clock. */
export class Keyspace {
  readonly #slots = new Map<string, Slot>()
  readonly #now: () => number
  readonly #onWritten: (key: string) => void

  /** `onWritten` is told of each key that was written, deleted or has come to its end. */
  constructor(now: () => number, onWritten: (key: string) => void = () => {}) {
    this.#now = now
    this.#onWritten = onWritten
  }

  string(key: string): string | undefined {
    const value = this.#live(key)?.value
    if (value instanceof Map) throw new ErrorReply('WRONGTYPE Operation against a key holding the wrong kind of value')
    return value
  }

  sortedSet(key: string): SortedSet | undefined {
    const value = this.#live(key)?.value
    if (typeof value === 'string')
      throw new ErrorReply('WRONGTYPE Operation against a key holding the wrong kind of value')
    return value
  }

  /** Replaces a value together with its expiry. */
  put(key: string, value: string | SortedSet, expiresAt = Number.POSITIVE_INFINITY): void {
    this.#slots.set(key, { value, expiresAt })
    this.#onWritten(key)
  }

  /** A value was changed where it stands. */
  touch(key: string): void {
    this.#onWritten(key)
  }

  /** Changes a value and leaves its expiry. */
  change(key: string, value: string): void {
    const slot = this.#live(key)
    if (slot === undefined) {
      this.put(key, value)
      return
    }
    slot.value = value
    this.#onWritten(key)
  }

  expireAt(key: string, instant: number): boolean {
    const slot = this.#live(key)
    if (slot === undefined) return false
    slot.expiresAt = instant
    this.#onWritten(key)
    return true
  }

  /** -2: no such key; -1: no expiry. */
  timeToLive(key: string): number {
    const slot = this.#live(key)
    if (slot === undefined) return -2
    return slot.expiresAt === Number.POSITIVE_INFINITY ? -1 : slot.expiresAt - this.#now()
  }

  remove(key: string): boolean {
    const there = this.#live(key) !== undefined
    this.#slots.delete(key)
    if (there) this.#onWritten(key)
    return there
  }

  clear(): void {
    this.#slots.clear()
  }

  keys(): string[] {
    return [...this.#slots.keys()].filter((key) => this.#live(key) !== undefined)
  }

  /** A copy of everything, as an RDB file would keep it. */
  snapshot(): ReadonlyMap<string, Readonly<Slot>> {
    return new Map([...this.#slots].map(([key, { value, expiresAt }]) => [key, { value: copy(value), expiresAt }]))
  }

  restore(snapshot: ReadonlyMap<string, Readonly<Slot>>): void {
    this.#slots.clear()
    for (const [key, { value, expiresAt }] of snapshot) this.#slots.set(key, { value: copy(value), expiresAt })
  }

  #live(key: string): Slot | undefined {
    const slot = this.#slots.get(key)
    if (slot === undefined || slot.expiresAt > this.#now()) return slot
    this.#slots.delete(key)
    this.#onWritten(key)
    return undefined
  }
}

function copy(value: string | SortedSet): string | SortedSet {
  return typeof value === 'string' ? value : new Map(value)
}
