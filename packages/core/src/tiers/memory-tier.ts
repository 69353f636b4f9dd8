import type { Entry } from '../entry/entry.ts'
import type { LocalKey } from '../key/keying.ts'
import type { Segment } from './segment.ts'
import { LARGEST, NONE, Slots, VISITED } from './slots.ts'

/** The bounds of the memory tier. */
export interface MemoryBounds {
  readonly maxEntries: number
  readonly maxBytes: number
}

/**
 * Why an entry left memory: its time was over, others needed its room, a newer value took its place, something it depends
 * on was invalidated, or it could no longer be proven current (Redis was lost or found again).
 */
export type RemovalCause = 'expired' | 'evicted' | 'replaced' | 'invalidated' | 'unproven'

/** Told of each entry that left. It may read and change memory. */
export type RemovalListener = (segment: Segment, key: LocalKey, cause: RemovalCause) => void

/**
 * L1: the entries of this process, bounded by count and by estimated bytes over all names together.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): a hit sets one bit; the hand walks from the oldest entry towards the newest,
 * clears the bits it finds set and evicts the first entry without one. New entries join at the newest end.
 */
export class MemoryTier {
  /** Where the entries are: {@link Segment.slots} says at which slot. */
  readonly slots: Slots
  readonly #maxEntries: number
  readonly #maxBytes: number
  readonly #onRemoved: RemovalListener
  #newest = NONE
  #oldest = NONE
  #hand = NONE
  #size = 0
  #bytes = 0

  constructor({ maxEntries, maxBytes }: MemoryBounds, onRemoved: RemovalListener) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
    this.#onRemoved = onRemoved
    // An entry is in before another is out.
    this.slots = new Slots(maxEntries + 1)
  }

  /** Entries held now. */
  get size(): number {
    return this.#size
  }

  /** Estimated bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** The entry at a key, as a copy of its row. */
  find(segment: Segment, key: LocalKey): Entry | undefined {
    const slot = segment.slots.get(key)
    return slot === undefined ? undefined : this.slots.entryAt(slot)
  }

  /** Stores an entry, replacing the one at its key, and evicts until the bounds hold. An entry over the byte bound is not kept. */
  put(segment: Segment, key: LocalKey, entry: Entry, checked: number): void {
    const replaced = this.#take(segment, key)
    if (entry.bytes <= Math.min(this.#maxBytes, LARGEST))
      this.#add(segment, this.slots.take(segment, key, entry, checked))
    if (replaced) this.#onRemoved(segment, key, 'replaced')
  }

  /** Removes the entry at a key; returns whether there was one. */
  remove(segment: Segment, key: LocalKey, cause: RemovalCause): boolean {
    const removed = this.#take(segment, key)
    if (removed) this.#onRemoved(segment, key, cause)
    return removed
  }

  /** Forgets all entries of a name. The walk only gives back their room; hits see the new map at once. */
  clearSegment(segment: Segment, cause: RemovalCause): void {
    const gone = segment.slots
    segment.slots = new Map()
    for (const slot of gone.values()) this.#unlink(segment, slot)
    for (const key of gone.keys()) this.#onRemoved(segment, key, cause)
  }

  #add(segment: Segment, slot: number): void {
    const { slots } = this
    segment.add(slots.keyAt(slot), slot)
    slots.newer[slot] = NONE
    slots.older[slot] = this.#newest
    if (this.#newest === NONE) this.#oldest = slot
    else slots.newer[this.#newest] = slot
    this.#newest = slot
    this.#size += 1
    this.#bytes += slots.bytes[slot] as number
    while (this.#size > this.#maxEntries || this.#bytes > this.#maxBytes) this.#evictOne()
  }

  #take(segment: Segment, key: LocalKey): boolean {
    const slot = segment.slots.get(key)
    if (slot === undefined) return false
    segment.slots.delete(key)
    this.#unlink(segment, slot)
    return true
  }

  #unlink(segment: Segment, slot: number): void {
    const { slots } = this
    const newer = slots.newer[slot] as number
    const older = slots.older[slot] as number
    const layout = slots.layoutAt(slot)
    if (layout !== undefined) segment.forget(layout, slot)
    if (this.#hand === slot) this.#hand = newer
    if (newer === NONE) this.#newest = older
    else slots.older[newer] = older
    if (older === NONE) this.#oldest = newer
    else slots.newer[older] = newer
    this.#size -= 1
    this.#bytes -= slots.bytes[slot] as number
    slots.giveBack(slot)
  }

  #evictOne(): void {
    const { slots } = this
    const { flags } = slots
    let candidate = this.#hand === NONE ? this.#oldest : this.#hand
    while (((flags[candidate] as number) & VISITED) !== 0) {
      flags[candidate] = (flags[candidate] as number) & ~VISITED
      const newer = slots.newer[candidate] as number
      candidate = newer === NONE ? this.#oldest : newer
    }
    this.#hand = candidate
    const segment = slots.segmentAt(candidate)
    const key = slots.keyAt(candidate)
    this.#take(segment, key)
    this.#onRemoved(segment, key, 'evicted')
  }
}
