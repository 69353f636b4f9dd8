/**
 * Writes of this process that Redis may still execute, by entry key. What undoes one, or follows it, is sent when it is settled:
 * commands can overtake each other, on another connection, or because a script was not known and is sent once more.
 *
 * Bounded by what its callers wait for: every write is settled by its deadline.
 */
export class UnsettledWrites {
  readonly #writes = new Map<string, Set<Promise<void>>>()

  /** Keys that are being written. */
  get size(): number {
    return this.#writes.size
  }

  /** A write begins; the returned function tells that it was executed, or never will be. */
  begin(key: string): () => void {
    let settle = () => {}
    const write = new Promise<void>((resolve) => {
      settle = resolve
    })
    const writes = this.#writes.get(key) ?? new Set()
    this.#writes.set(key, writes.add(write))
    return () => {
      writes.delete(write)
      if (writes.size === 0 && this.#writes.get(key) === writes) this.#writes.delete(key)
      settle()
    }
  }

  /** Resolves when every write of these keys that has begun until now is settled. */
  async settled(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.flatMap((key) => [...(this.#writes.get(key) ?? [])]))
  }
}
