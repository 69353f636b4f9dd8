import type { Clock } from '../clock.ts'
import { give } from '../entry/stored-value.ts'
import { scopesRun } from '../flight/call-scope.ts'
import { isBehind } from '../invalidation/following.ts'
import type { Link } from '../invalidation/link.ts'
import { isRaw } from '../key/keying.ts'
import type { NameCounters } from '../telemetry/stats.ts'
import type { Segment } from '../tiers/segment.ts'
import { NEGATIVE, SHARED, type Slots, VISITED } from '../tiers/slots.ts'
import type { Engine } from './engine.ts'
import type { NameState } from './operation.ts'

/** One memory hit after so many is timed, a power of two less one: reading the clock twice would cost more than the hit. */
const TIMED_HITS = 1_023

/** What a hit asks of an entry, and what most say: nothing is to be noted, copied or counted beside. */
const HIT = VISITED | SHARED | NEGATIVE
const ORDINARY = VISITED | SHARED

/**
 * What process memory can answer at once. Whatever is not plainly fresh, or is read in a scope, is left to `lookInMemory`.
 *
 * A hit allocates its promise and nothing else. What it needs is kept at hand, because each step to it is a load from memory.
 */
export class MemoryHits<A extends readonly unknown[], V> {
  readonly #state: NameState
  readonly #engine: Engine
  readonly #segment: Segment
  readonly #slots: Slots
  readonly #clock: Clock
  readonly #link: Link
  readonly #counters: NameCounters
  /** Whether a lone primitive argument is the key, as it is. */
  readonly #plain: boolean
  /** Whether a hit can be decided here: no early refresh, no strong reads. */
  readonly #simple: boolean
  readonly #conditional: boolean

  constructor(state: NameState) {
    this.#state = state
    this.#engine = state.engine
    this.#segment = state.segment
    this.#slots = state.engine.memory.slots
    this.#clock = state.engine.clock
    this.#link = state.engine.link
    this.#counters = state.counters
    this.#plain = state.keying.plain
    const { refreshAhead, beta, strong, condition } = state.policy
    this.#simple = refreshAhead === 1 && beta === 0 && !strong
    this.#conditional = condition !== undefined
  }

  /** A promise of the value when memory has it fresh, else undefined. */
  hit(args: A, self: unknown): Promise<V> | undefined {
    if (!this.#answers()) return undefined
    const slot = this.find(args, self)
    return slot === undefined ? undefined : this.#serve(slot, args, undefined, self)
  }

  /** The same for a lone argument, without a list of it. */
  hitOne(arg: unknown, self: unknown): Promise<V> | undefined {
    if (!this.#plain || !isRaw(arg)) return this.hit([arg] as unknown as A, self)
    if (!this.#answers()) return undefined
    const slot = this.#segment.slots.get(arg)
    return slot === undefined ? undefined : this.#serve(slot, undefined, arg, self)
  }

  /** The slot of a call's entry. */
  find(args: A, self: unknown): number | undefined {
    return this.#segment.find(this.#state.keying, args, self, this.#slots)
  }

  /** Whether the entry of a slot may be served, and that can be decided here. */
  isFresh(slot: number): boolean {
    return this.#answers() && this.#isFresh(slot, this.#clock.now())
  }

  /** What one caller gets of the entry of a slot. */
  valueAt(slot: number): V {
    const shared = ((this.#slots.flags[slot] as number) & SHARED) !== 0
    return give({ value: this.#slots.values[slot], shared }, this.#engine.registry) as V
  }

  #answers(): boolean {
    return this.#simple && !scopesRun() && this.#engine.settings.enabled
  }

  #isFresh(slot: number, now: number): boolean {
    if (!(now < (this.#slots.freshUntil[slot] as number) && now < this.#link.freshUntil)) return false
    return this.#slots.isChecked(slot, this.#engine.fences.tagEvents) && !isBehind(this.#engine)
  }

  /** Serves a hit on `args`, or on the lone argument. */
  #serve(slot: number, args: A | undefined, lone: unknown, self: unknown): Promise<V> | undefined {
    const now = this.#clock.now()
    if (!this.#isFresh(slot, now)) return undefined
    const flags = this.#slots.flags[slot] as number
    if ((flags & HIT) !== ORDINARY || this.#conditional || !this.#engine.telemetry.isSilent)
      return this.#serveOdd(slot, args ?? ([lone] as unknown as A), self, now)
    this.#count(now)
    return promiseOf(this.#slots.values[slot] as V)
  }

  /** Serves what is asked or told more about. All that the slot says is read before anything that may change it. */
  #serveOdd(slot: number, args: A, self: unknown, now: number): Promise<V> | undefined {
    const { policy } = this.#state
    const { telemetry, registry } = this.#engine
    const flags = this.#slots.flags[slot] as number
    const stored = { value: this.#slots.values[slot], shared: (flags & SHARED) !== 0 }
    const negative = (flags & NEGATIVE) !== 0
    const created = this.#slots.createdAt(slot)
    this.#slots.visit(slot)
    if (policy.condition !== undefined && !policy.condition.apply(self, args as never)) return undefined
    this.#count(now)
    if (negative) this.#counters.hitsNegative += 1
    if (telemetry.wants('entry-hit')) this.#tell(args, self, { negative, age: now - created })
    return promiseOf(give(stored, registry) as V)
  }

  #count(now: number): void {
    this.#counters.hitsL1 += 1
    if ((this.#counters.hitsL1 & TIMED_HITS) === 0) this.#counters.l1.record(this.#clock.now() - now, TIMED_HITS + 1)
  }

  #tell(args: A, self: unknown, { negative, age }: { negative: boolean; age: number }): void {
    const { policy, prefix, keying } = this.#state
    this.#engine.telemetry.emit({
      type: 'entry-hit',
      name: policy.name,
      key: prefix + keying.text(args, self),
      tier: 'l1',
      outcome: 'hit',
      negative,
      age,
    })
  }
}

/**
 * A promise of its own for each hit: one that were kept would keep the asynchronous context of the call that made it. An async
 * function makes it faster than `Promise.resolve`.
 */
async function promiseOf<V>(value: V): Promise<V> {
  return value
}
