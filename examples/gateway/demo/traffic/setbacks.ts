/** What traffic has taken from somebody or something, to be given back before another one loses it. */
export class Setbacks<T> {
  readonly #ones = new Set<T>()

  /** Remembers one that is about to lose something. */
  add(one: T): T {
    this.#ones.delete(one)
    this.#ones.add(one)
    return one
  }

  /**
   * The longest remembered one that has lost it by now; undefined when there is none. It is told until it has it back: a request
   * that was to give it back may never be sent, because another change is under way, or may fail.
   */
  due(hasLost: (one: T) => boolean): T | undefined {
    for (const one of this.#ones) if (hasLost(one)) return one
    return undefined
  }
}
