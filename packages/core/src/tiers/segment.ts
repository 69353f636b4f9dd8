import type { Entry } from '../entry/entry.ts'
import { isRaw, type Keying, type LocalKey } from '../key/keying.ts'
import { argumentsOf, isLaidOut, laidOut, layOut } from '../key/layout.ts'

/** A map of fewer entries is made anew from time to time, for the reason of `BriefMap`. Those of a larger one grow old anyway. */
const FEW = 1_024

/** So many additions to it, or twice as many as it holds. */
const RENEWED_AFTER = 4

/**
 * The entries of one name in process memory. Clearing a name replaces its map, so a hit never pays for the possibility.
 */
export class Segment {
  readonly name: string
  /** `name:version`, as it stands in entry keys and bus messages. */
  readonly label: string
  entries = new Map<LocalKey, Resident>()
  /** Some of them by the hash of their arguments' layout, which is exact only once the parts are compared. */
  #byLayout = new Map<number, Resident>()
  /** The local event count of its last clear: loads born before it may not fill, whatever they bring. */
  clearedAt: number
  #additions = 0
  /** Entries that left for lack of room. */
  evictions = 0

  /** `bornAt` is the local event count now: what was begun for an earlier segment of the name, since forgotten, is not for this one. */
  constructor(name: string, version: number, bornAt: number) {
    this.clearedAt = bornAt
    this.name = name
    this.label = `${name}:${version}`
  }

  /** The entry of a call: by its argument, by its arguments' layout, or by its key text. */
  find(keying: Keying, args: readonly unknown[], self: unknown): Resident | undefined {
    const first = args[0]
    if (keying.plain && args.length === 1 && isRaw(first)) return this.entries.get(first)
    const hash = keying.plain && this.entries.size > 0 ? layOut(args) : undefined
    if (hash === undefined) return this.entries.get(keying.local(args, self))
    const known = this.#byLayout.get(hash)
    if (known?.layout !== undefined && isLaidOut(known.layout.parts)) return known
    const parts = laidOut()
    const resident = this.entries.get(keying.local(argumentsOf(parts), self))
    if (resident !== undefined) this.#remember(resident, { parts, hash })
    return resident
  }

  /** Takes an entry in, in the place of none. */
  add(key: LocalKey, resident: Resident): void {
    this.#additions += 1
    const { size } = this.entries
    if (this.#additions > RENEWED_AFTER && this.#additions > 2 * size && size < FEW) {
      this.entries = new Map(this.entries)
      this.#additions = 0
    }
    this.entries.set(key, resident)
  }

  /** The entry has left: it is not found any more. */
  forget(resident: Resident): void {
    if (resident.layout === undefined) return
    this.#byLayout.delete(resident.layout.hash)
    resident.layout = undefined
  }

  #remember(resident: Resident, layout: Layout): void {
    this.forget(resident)
    const other = this.#byLayout.get(layout.hash)
    if (other !== undefined) other.layout = undefined
    resident.layout = layout
    this.#byLayout.set(layout.hash, resident)
  }
}

/** The arguments of an entry, laid out, and their hash. */
interface Layout {
  readonly parts: readonly unknown[]
  readonly hash: number
}

/** An entry at its place in the memory tier. */
export interface Resident extends Entry {
  readonly key: LocalKey
  readonly segment: Segment
  /** Its arguments, once it was found by them. */
  layout: Layout | undefined
  /** The tag event count at which its tags were last found unharmed. */
  checked: number
  /** Read since the eviction hand passed (SIEVE). */
  visited: boolean
  newer: Resident | undefined
  older: Resident | undefined
}
