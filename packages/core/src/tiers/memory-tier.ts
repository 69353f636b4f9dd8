import type { Entry } from '../entry/entry.ts'
import type { LocalKey } from '../key/keying.ts'
import type { Resident, Segment } from './segment.ts'

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

/**
 * L1: the entries of this process, bounded by count and by estimated bytes over all names together.
 *
 * Eviction is SIEVE (Zhang et al., NSDI 2024): a hit sets one bit; the hand walks from the oldest entry towards the newest,
 * clears the bits it finds set and evicts the first entry without one. New entries join at the newest end.
 */
export class MemoryTier {
  readonly #bounds: MemoryBounds
  readonly #onRemoved: (entry: Resident, cause: RemovalCause) => void
  #newest: Resident | undefined
  #oldest: Resident | undefined
  #hand: Resident | undefined
  #size = 0
  #bytes = 0

  constructor(bounds: MemoryBounds, onRemoved: (entry: Resident, cause: RemovalCause) => void) {
    this.#bounds = bounds
    this.#onRemoved = onRemoved
  }

  /** Entries held now. */
  get size(): number {
    return this.#size
  }

  /** Estimated bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** Stores an entry, replacing the one at its key, and evicts until the bounds hold. An entry over the byte bound is not kept. */
  put(segment: Segment, key: LocalKey, entry: Entry, checked: number): void {
    this.remove(segment, key, 'replaced')
    if (entry.bytes > this.#bounds.maxBytes) return
    const resident: Resident = {
      // What a hit reads stands first, on one line of the processor's cache.
      freshUntil: entry.freshUntil,
      checked,
      visited: false,
      layout: undefined,
      value: entry.value,
      shared: entry.shared,
      negative: entry.negative,
      born: entry.born,
      tags: entry.tags,
      created: entry.created,
      staleUntil: entry.staleUntil,
      keepUntil: entry.keepUntil,
      // Whole milliseconds take no room of their own.
      loadTime: Math.ceil(entry.loadTime),
      version: entry.version,
      bytes: entry.bytes,
      key,
      segment,
      newer: undefined,
      older: this.#newest,
    }
    segment.add(key, resident)
    if (this.#newest !== undefined) this.#newest.newer = resident
    this.#newest = resident
    this.#oldest ??= resident
    this.#size += 1
    this.#bytes += entry.bytes
    while (this.#size > this.#bounds.maxEntries || this.#bytes > this.#bounds.maxBytes) this.#evictOne()
  }

  /** Removes the entry at a key; returns whether there was one. */
  remove(segment: Segment, key: LocalKey, cause: RemovalCause): boolean {
    const resident = segment.entries.get(key)
    if (resident === undefined) return false
    segment.entries.delete(key)
    this.#unlink(resident)
    this.#onRemoved(resident, cause)
    return true
  }

  /** Forgets all entries of a name. The walk only gives back their room; hits see the new map at once. */
  clearSegment(segment: Segment, cause: RemovalCause): void {
    const gone = segment.entries
    segment.entries = new Map()
    for (const resident of gone.values()) {
      this.#unlink(resident)
      this.#onRemoved(resident, cause)
    }
  }

  #unlink(resident: Resident): void {
    const { newer, older } = resident
    resident.segment.forget(resident)
    if (this.#hand === resident) this.#hand = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    // A dead entry that points to younger ones would keep them from being collected young.
    resident.newer = undefined
    resident.older = undefined
    this.#size -= 1
    this.#bytes -= resident.bytes
  }

  #evictOne(): void {
    let candidate = this.#hand ?? this.#oldest
    while (candidate?.visited) {
      candidate.visited = false
      candidate = candidate.newer ?? this.#oldest
    }
    if (candidate === undefined) return
    this.#hand = candidate.newer
    candidate.segment.entries.delete(candidate.key)
    this.#unlink(candidate)
    this.#onRemoved(candidate, 'evicted')
  }
}
