/**
 * A bounded map whose entries end by themselves. It has one timer, not one per entry: when the first of them has ended, a
 * sweep passes over all, in small steps. So a million subjects that went idle leave nothing behind, and no step is felt.
 */
import type { Clock } from '@granary/core'

/** Bounds of an {@link ExpiringMap}. */
export interface ExpiringMapOptions {
  readonly clock: Clock
  /** The most entries; past it one goes that was not written for long. */
  readonly capacity: number
}

interface Slot<V> {
  value: V
  /** Monotonic milliseconds. */
  until: number
  /** Whether it was written again since it was last passed over. */
  touched: boolean
}

const SHORTEST_PAUSE = 1_000
const SECOND_CHANCES = 8
const STEP_PAUSE = 20
const STEPS = 50
const SMALLEST_STEP = 500

/** A bounded map from text to values that each end at a time of their own. */
export class ExpiringMap<V> {
  readonly #clock: Clock
  readonly #capacity: number
  readonly #slots = new Map<string, Slot<V>>()
  #cursor: IterableIterator<[string, Slot<V>]> | undefined
  /** The sweep that is to come: when, and how to call it off. */
  #next: { readonly at: number; readonly cancel: () => void } | undefined
  /** The first end among what the sweep has passed over. */
  #soonest = Number.POSITIVE_INFINITY

  constructor({ clock, capacity }: ExpiringMapOptions) {
    this.#clock = clock
    this.#capacity = capacity
  }

  /** Entries, those included that have ended and were not swept yet. */
  get size(): number {
    return this.#slots.size
  }

  /** The value, unless it has ended; `now` is for callers that have read the clock. */
  get(key: string, now?: number): V | undefined {
    const slot = this.#slots.get(key)
    return slot === undefined || slot.until <= (now ?? this.#clock.now()) ? undefined : slot.value
  }

  /** Keeps a value until `until`, in monotonic milliseconds. */
  set(key: string, value: V, until: number): void {
    const slot = this.#slots.get(key)
    if (this.#next === undefined || until < this.#next.at - SHORTEST_PAUSE) this.#sweepAt(until)
    if (slot !== undefined) {
      slot.value = value
      slot.until = until
      slot.touched = true
      return
    }
    if (this.#slots.size >= this.#capacity) this.#evict()
    this.#slots.set(key, { value, until, touched: false })
  }

  /** Takes the value out. */
  delete(key: string): boolean {
    return this.#slots.delete(key)
  }

  /** Empties the map and stops its timer. */
  clear(): void {
    this.#slots.clear()
    this.#next?.cancel()
    this.#next = undefined
    this.#cursor = undefined
  }

  /** What has not ended. */
  *entries(): IterableIterator<[string, V]> {
    const now = this.#clock.now()
    for (const [key, slot] of this.#slots) if (slot.until > now) yield [key, slot.value]
  }

  /** The oldest goes, unless it was written again: then it gets a second chance, as do a few after it (Corbató, 1968). */
  #evict(): void {
    for (let chances = SECOND_CHANCES; ; chances--) {
      const first = this.#slots.entries().next()
      if (first.done === true) return
      const [key, slot] = first.value
      this.#slots.delete(key)
      if (!slot.touched || chances === 0) return
      slot.touched = false
      this.#slots.set(key, slot)
    }
  }

  #sweepAt(until: number): void {
    if (this.#cursor !== undefined) return
    this.#next?.cancel()
    const pause = Math.max(SHORTEST_PAUSE, until - this.#clock.now())
    this.#schedule(pause)
  }

  #schedule(pause: number): void {
    this.#next = { at: this.#clock.now() + pause, cancel: this.#clock.schedule(pause, () => this.#sweep()) }
  }

  #sweep(): void {
    const now = this.#clock.now()
    if (this.#cursor === undefined) {
      this.#cursor = this.#slots.entries()
      this.#soonest = Number.POSITIVE_INFINITY
    }
    for (let left = Math.max(SMALLEST_STEP, this.#slots.size / STEPS); left > 0; left--) {
      const next = this.#cursor.next()
      if (next.done === true) {
        this.#swept()
        return
      }
      const [key, slot] = next.value
      if (slot.until <= now) this.#slots.delete(key)
      else this.#soonest = Math.min(this.#soonest, slot.until)
    }
    this.#schedule(STEP_PAUSE)
  }

  #swept(): void {
    this.#cursor = undefined
    this.#next = undefined
    if (this.#slots.size > 0) this.#sweepAt(this.#soonest)
  }
}
