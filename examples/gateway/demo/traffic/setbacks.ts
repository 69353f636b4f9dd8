/** What traffic has taken from somebody or something, to be given back before another one loses it. */
export class Setbacks<T> {
  readonly #list: T[] = []

  /** Remembers one that is about to lose something. */
  add(one: T): T {
    this.#list.push(one)
    return one
  }

  /** The longest remembered one that has lost it by now, which it gets back; undefined when there is none. */
  take(hasLost: (one: T) => boolean): T | undefined {
    const at = this.#list.findIndex(hasLost)
    return at < 0 ? undefined : this.#list.splice(at, 1)[0]
  }
}
