import type { Entry } from '../entry/entry.ts'
import type { LocalKey } from '../key/keying.ts'
import type { Segment } from './segment.ts'

/** Stands where there is no slot. */
export const NONE = -1

/** What one bit says of an entry: read since the eviction hand passed (SIEVE). */
export const VISITED = 1
/** All hits get the one value, which is frozen. */
export const SHARED = 2
/** Its value says that there is nothing. */
export const NEGATIVE = 4
/** It has tags of its own. */
const TAGGED = 8
/** It may be found by the layout of its arguments. */
const LAID_OUT = 16
/** It may be used for something after it was fresh. */
const LASTING = 32
/** It has a version: it was in Redis. */
const VERSIONED = 64

/** Slots made at first. */
const FEW = 16

/** The most that a column of bytes can say. */
export const LARGEST = 2 ** 32 - 1

const NO_TAGS: readonly string[] = Object.freeze([])

type Numbers = Float64Array | Float32Array | Int32Array | Uint32Array | Uint8Array

/**
 * Entries as rows of a table, one column for each of their fields: a row is a number, its slot. A hit touches the few columns it asks,
 * each of them dense, and an entry takes 65 bytes. Columns that few entries need are made when the first one needs them.
 *
 * Slots are taken and given back; what is read from a slot is only true until code that may remove entries runs.
 */
export class Slots {
  readonly #most: number
  #capacity = 0
  #used = 0
  #free = NONE
  flags = new Uint8Array(0)
  freshUntil = new Float64Array(0)
  values = generic()
  /** The next entry towards the newest; of a slot that is free, the next free one. */
  newer = new Int32Array(0)
  older = new Int32Array(0)
  bytes = new Uint32Array(0)
  /** Of entries with tags, the tag event count at which these were last found unharmed. */
  checked = new Float64Array(0)
  #layoutHash = new Int32Array(0)
  #keys = generic()
  #segments = generic()
  #created = new Float64Array(0)
  #born = new Float64Array(0)
  #loadTime = new Float32Array(0)
  #staleUntil = new Float64Array(0)
  #keepUntil = new Float64Array(0)
  #tags = generic()
  #versions = generic()

  /** @param most - More are never held at once. */
  constructor(most: number) {
    this.#most = most
  }

  /** A free slot, filled with an entry. */
  take(segment: Segment, key: LocalKey, entry: Entry, checked: number): number {
    const slot = this.#take()
    this.values[slot] = entry.value
    this.#keys[slot] = key
    this.#segments[slot] = segment
    this.freshUntil[slot] = entry.freshUntil
    this.#created[slot] = entry.created
    this.#born[slot] = entry.born
    this.#loadTime[slot] = entry.loadTime
    this.bytes[slot] = entry.bytes
    let flags = (entry.shared ? SHARED : 0) | (entry.negative ? NEGATIVE : 0)
    if (entry.keepUntil !== entry.freshUntil || entry.staleUntil !== entry.freshUntil) {
      flags |= LASTING
      this.#staleUntil = this.#made(this.#staleUntil)
      this.#keepUntil = this.#made(this.#keepUntil)
      this.#staleUntil[slot] = entry.staleUntil
      this.#keepUntil[slot] = entry.keepUntil
    }
    if (entry.tags.length > 0) {
      flags |= TAGGED
      this.checked = this.#made(this.checked)
      this.checked[slot] = checked
      this.#set(this.#tags, slot, entry.tags)
    }
    if (entry.version !== '') {
      flags |= VERSIONED
      this.#set(this.#versions, slot, entry.version)
    }
    this.flags[slot] = flags
    return slot
  }

  /** Gives a slot back. What it held can be collected. */
  giveBack(slot: number): void {
    const flags = this.flags[slot] as number
    this.values[slot] = undefined
    this.#keys[slot] = undefined
    this.#segments[slot] = undefined
    if (flags & TAGGED) this.#tags[slot] = undefined
    if (flags & VERSIONED) this.#versions[slot] = undefined
    this.flags[slot] = 0
    this.newer[slot] = this.#free
    this.#free = slot
  }

  /** The entry of a slot, as a copy of its row. */
  entryAt(slot: number): Entry {
    const flags = this.flags[slot] as number
    const freshUntil = this.freshUntil[slot] as number
    const lasts = (flags & LASTING) !== 0
    return {
      value: this.values[slot],
      shared: (flags & SHARED) !== 0,
      negative: (flags & NEGATIVE) !== 0,
      born: this.#born[slot] as number,
      tags: flags & TAGGED ? (this.#tags[slot] as readonly string[]) : NO_TAGS,
      created: this.#created[slot] as number,
      freshUntil,
      staleUntil: lasts ? (this.#staleUntil[slot] as number) : freshUntil,
      keepUntil: lasts ? (this.#keepUntil[slot] as number) : freshUntil,
      loadTime: this.#loadTime[slot] as number,
      version: flags & VERSIONED ? (this.#versions[slot] as string) : '',
      bytes: this.bytes[slot] as number,
    }
  }

  keyAt(slot: number): LocalKey {
    return this.#keys[slot] as LocalKey
  }

  segmentAt(slot: number): Segment {
    return this.#segments[slot] as Segment
  }

  /** When the load of the entry's value ended. */
  createdAt(slot: number): number {
    return this.#created[slot] as number
  }

  /** Whether no tag event can have concerned the entry: it has no tags, or was looked at since the last event. */
  isChecked(slot: number, tagEvents: number): boolean {
    return ((this.flags[slot] as number) & TAGGED) === 0 || this.checked[slot] === tagEvents
  }

  /** Notes that the entry was read. */
  visit(slot: number): void {
    this.flags[slot] = (this.flags[slot] as number) | VISITED
  }

  /** The hash of the layout under which the entry is found, if it is. */
  layoutAt(slot: number): number | undefined {
    return (this.flags[slot] as number) & LAID_OUT ? this.#layoutHash[slot] : undefined
  }

  /** Notes under which hash of its arguments' layout the entry is found. */
  layOut(slot: number, hash: number): void {
    this.#layoutHash = this.#made(this.#layoutHash)
    this.#layoutHash[slot] = hash
    this.flags[slot] = (this.flags[slot] as number) | LAID_OUT
  }

  #take(): number {
    const free = this.#free
    if (free === NONE) {
      if (this.#used === this.#capacity) this.#grow(Math.min(Math.max(FEW, 2 * this.#capacity), this.#most))
      return this.#used++
    }
    this.#free = this.newer[free] as number
    return free
  }

  #grow(capacity: number): void {
    this.#capacity = capacity
    for (const column of [this.values, this.#keys, this.#segments]) column.length = capacity
    this.flags = grown(this.flags, capacity)
    this.freshUntil = grown(this.freshUntil, capacity)
    this.newer = grown(this.newer, capacity)
    this.older = grown(this.older, capacity)
    this.bytes = grown(this.bytes, capacity)
    this.#created = grown(this.#created, capacity)
    this.#born = grown(this.#born, capacity)
    this.#loadTime = grown(this.#loadTime, capacity)
    if (this.checked.length > 0) this.checked = grown(this.checked, capacity)
    if (this.#layoutHash.length > 0) this.#layoutHash = grown(this.#layoutHash, capacity)
    if (this.#staleUntil.length > 0) this.#staleUntil = grown(this.#staleUntil, capacity)
    if (this.#keepUntil.length > 0) this.#keepUntil = grown(this.#keepUntil, capacity)
  }

  /** A column that few entries need, once one needs it. */
  #made<C extends Numbers>(column: C): C {
    return column.length > 0 ? column : grown(column, this.#capacity)
  }

  #set(column: unknown[], slot: number, item: unknown): void {
    if (column.length <= slot) column.length = this.#capacity
    column[slot] = item
  }
}

/** A column that holds anything, and is compiled as such from its first entry on. */
function generic(): unknown[] {
  return [undefined]
}

function grown<C extends Numbers>(column: C, capacity: number): C {
  const larger = new (column.constructor as new (length: number) => C)(capacity)
  larger.set(column)
  return larger
}
