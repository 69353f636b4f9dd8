/** The instants of an entry, in milliseconds of the process's monotonic clock. */
export interface EntryTimes {
  /** When its load ended. */
  readonly created: number
  /** Until when it is fresh. */
  readonly freshUntil: number
  /** Until when it may be served while one refresh runs. */
  readonly staleUntil: number
  /** Until when it may be served if loading fails; never before `staleUntil`. */
  readonly keepUntil: number
  /** How long its load took. */
  readonly loadTime: number
}

/** A value in process memory with what decides whether it may be served. */
export interface Entry extends EntryTimes {
  /** Frozen plain data, or a private original of which each hit gets a copy (`shared` is false). */
  readonly value: unknown
  readonly shared: boolean
  readonly negative: boolean
  /** Digests of its tags. */
  readonly tags: readonly string[]
  /** The local event count when its load or read began: events after it make it unusable. */
  readonly born: number
  /** The token of the commit that wrote it to Redis; empty when it never was there. */
  readonly version: string
  /** Estimated bytes. */
  readonly bytes: number
}

/** An entry on its way to Redis. */
export interface FreshEntry extends Entry {
  /** What walking the value found that encoding has to know. */
  readonly special: boolean | undefined
}
