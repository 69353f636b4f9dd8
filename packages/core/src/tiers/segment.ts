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
  /** At which slot of the memory tier the entry of a key is. */
  slots = new Map<LocalKey, number>()
  /** Some of them by the hash of their arguments' layout, which is exact only once the parts are compared. */
  readonly #layouts = new Map<number, Layout>()
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

  /** The slot of a call's entry: by its argument, by its arguments' layout, or by its key text. */
  find(keying: Keying, args: readonly unknown[], self: unknown, slots: LayoutHashes): number | undefined {
    const first = args[0]
    if (keying.plain && args.length === 1 && isRaw(first)) return this.slots.get(first)
    const hash = keying.plain && this.slots.size > 0 ? layOut(args) : undefined
    if (hash === undefined) return this.slots.get(keying.local(args, self))
    const known = this.#layouts.get(hash)
    if (known !== undefined && isLaidOut(known.parts)) return known.slot
    const parts = laidOut()
    const slot = this.slots.get(keying.local(argumentsOf(parts), self))
    if (slot !== undefined) this.#remember(slot, { parts, hash }, slots)
    return slot
  }

  /** Takes an entry in, in the place of none. */
  add(key: LocalKey, slot: number): void {
    this.#additions += 1
    const { size } = this.slots
    if (this.#additions > RENEWED_AFTER && this.#additions > 2 * size && size < FEW) {
      this.slots = new Map(this.slots)
      this.#additions = 0
    }
    this.slots.set(key, slot)
  }

  /** The entry has left its slot: it is not found by its arguments any more. */
  forget(hash: number, slot: number): void {
    if (this.#layouts.get(hash)?.slot === slot) this.#layouts.delete(hash)
  }

  /** From now on the entry is found by these parts alone; another one of their hash by its key again. */
  #remember(slot: number, { parts, hash }: { parts: readonly unknown[]; hash: number }, slots: LayoutHashes): void {
    const former = slots.layoutAt(slot)
    if (former !== undefined) this.forget(former, slot)
    this.#layouts.set(hash, { parts, slot })
    slots.layOut(slot, hash)
  }
}

/** Notes for each slot under which hash of its arguments' layout its entry is found. */
interface LayoutHashes {
  layoutAt(slot: number): number | undefined
  layOut(slot: number, hash: number): void
}

/** The arguments of an entry, laid out, and where it is. */
interface Layout {
  readonly parts: readonly unknown[]
  readonly slot: number
}
