import type { Entry } from '../entry/entry.ts'
import { isRaw, type Keying, type LocalKey } from '../key/keying.ts'
import { argumentsOf, isLaidOut, laidOut, layOut } from '../key/layout.ts'

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
    if (known?.layout !== undefined && isLaidOut(known.layout)) return known
    const layout = laidOut()
    const resident = this.entries.get(keying.local(argumentsOf(layout), self))
    if (resident !== undefined) this.#remember(resident, layout, hash)
    return resident
  }

  /** The entry has left: it is not found any more. */
  forget(resident: Resident): void {
    if (resident.layout === undefined) return
    if (this.#byLayout.get(resident.hash) === resident) this.#byLayout.delete(resident.hash)
    resident.layout = undefined
  }

  #remember(resident: Resident, layout: readonly unknown[], hash: number): void {
    this.forget(resident)
    const other = this.#byLayout.get(hash)
    if (other !== undefined) other.layout = undefined
    resident.layout = layout
    resident.hash = hash
    this.#byLayout.set(hash, resident)
  }
}

/** An entry at its place in the memory tier. */
export interface Resident extends Entry {
  readonly key: LocalKey
  readonly segment: Segment
  /** Its arguments, laid out, and their hash: set once it was found by them. */
  layout: readonly unknown[] | undefined
  hash: number
  /** The tag event count at which its tags were last found unharmed. */
  checked: number
  /** Read since the eviction hand passed (SIEVE). */
  visited: boolean
  /** What every hit on a shared value returns; made by the first. */
  promise: Promise<unknown> | undefined
  newer: Resident | undefined
  older: Resident | undefined
}
