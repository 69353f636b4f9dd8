/** A family of tags: one function given to `defineTags`. */
export interface TagFamily {
  /** The function's name in `defineTags`. */
  readonly family: string
  /** The only tag of a family without parameters; undefined for the others. */
  readonly only: () => string | undefined
}

/** More distinct plain tags than this are not noted: they are made from data. */
const MOST_PLAIN = 64

/**
 * The tags that the option functions of one method were seen to make: families by name, and strings that no family made.
 * Bounded: families are as many as the program defines, plain strings at most 64.
 */
export class TagUse {
  readonly families = new Set<string>()
  readonly plain = new Set<string>()
  /** Whether an option function has run at all. */
  seen = false

  /** Notes what one run of an option function returned, and which of its tags were made by families. */
  note(returned: unknown, made: ReadonlyMap<string, string>): void {
    this.seen = true
    for (const family of made.values()) this.families.add(family)
    if (!Array.isArray(returned)) return
    for (const tag of returned) {
      if (typeof tag === 'string' && !made.has(tag) && this.plain.size < MOST_PLAIN) this.plain.add(tag)
    }
  }
}
