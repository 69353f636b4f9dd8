import type { Entry } from '../entry/entry.ts'
import type { LocalKey } from '../key/keying.ts'

/**
 * The entries of one name in process memory. Clearing a name replaces its map, so a hit never pays for the possibility.
 */
export class Segment {
  readonly name: string
  /** `name:version`, as it stands in entry keys and bus messages. */
  readonly label: string
  entries = new Map<LocalKey, Resident>()
  /** The local event count of its last clear: loads born before it may not fill. */
  clearedAt = 0
  /** Entries that left for lack of room. */
  evictions = 0

  constructor(name: string, version: number) {
    this.name = name
    this.label = `${name}:${version}`
  }
}

/** An entry at its place in the memory tier. */
export interface Resident extends Entry {
  readonly key: LocalKey
  readonly segment: Segment
  /** The tag event count at which its tags were last found unharmed. */
  checked: number
  /** Read since the eviction hand passed (SIEVE). */
  visited: boolean
  newer: Resident | undefined
  older: Resident | undefined
}
