import type { Entry } from '../entry/entry.ts'

/** What a flight brought: the value, where from, and what decides who may have it. */
export interface Landing {
  readonly value: unknown
  /** False: every caller gets a copy of its own. */
  readonly shared: boolean
  readonly negative: boolean
  readonly source: 'l1' | 'l2' | 'loader'
  /** `due` and `stale` ask for a refresh in the background; `unproven` is served during an outage, as its option allows. */
  readonly freshness: 'fresh' | 'due' | 'stale' | 'kept' | 'unproven'
  /** Digests of the value's tags. */
  readonly tags: readonly string[]
  /** The local event count when the read was sent or the loader called. */
  readonly born: number
  /** When the value's load ended, in monotonic milliseconds. */
  readonly created: number
}

/** An entry as it is served. Written out field by field: this is on the path of every hit in Redis. */
export function landingOf(entry: Entry, source: Landing['source'], freshness: Landing['freshness']): Landing {
  const { value, shared, negative, tags, born, created } = entry
  return { value, shared, negative, source, freshness, tags, born, created }
}
