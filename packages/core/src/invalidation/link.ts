import type { Clock } from '../clock.ts'
import type { ClockReading } from './clock-reading.ts'

/** What a `hello` told: the clock, and the newest records of the tag table. */
export interface Hello extends ClockReading {
  readonly floor: number
  /** Newest first. */
  readonly records: readonly (readonly [member: string, record: number])[]
  /** Whether `records` is the whole table above the floor. */
  readonly complete: boolean
}

/** What became of a numbered message. */
export type Delivery = 'in-order' | 'known' | 'gap'

/**
 * What this process knows of the namespace's invalidations, and since when that knowledge is proven complete.
 *
 * Memory may be served only before {@link Link.freshUntil}: the moment a read of the clock was sent that the bus has caught
 * up with, plus `maxStaleness`. A reader compares it with the monotonic clock at each read, so pauses, silent links and
 * lost messages are covered without any message having to arrive.
 */
export class Link {
  readonly #clock: Clock
  readonly #maxStaleness: number
  readonly #readsProve: boolean
  readonly #opensProven: boolean
  readonly #limit: number
  readonly #records = new Map<string, number>()
  readonly #waiters = new Set<{ sequence: number; done: (delivered: boolean) => void }>()
  #open = false
  #incarnation = 0
  #tagClock = 0
  #sequence = 0
  #seen = 0
  #provenAt = Number.NEGATIVE_INFINITY
  #horizon = 0
  #newestRecord = 0
  /** Memory may be served before this instant (monotonic milliseconds). */
  freshUntil: number
  /** What {@link Link.freshUntil} was when the gate was last shut. */
  provenUntil = Number.NEGATIVE_INFINITY

  constructor(options: {
    clock: Clock
    maxStaleness: number
    alwaysFresh?: boolean
    /** Whether any reading of the clock proves memory fresh, or only a heartbeat. Default: any. */
    readsProve?: boolean
    /** Whether memory may be served as soon as the gate opens. Default: yes. */
    opensProven?: boolean
    limit?: number
  }) {
    this.#clock = options.clock
    this.#maxStaleness = options.maxStaleness
    this.#limit = options.limit ?? 50_000
    this.#readsProve = options.readsProve ?? true
    this.#opensProven = options.opensProven ?? true
    this.freshUntil = options.alwaysFresh ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  }

  get isOpen(): boolean {
    return this.#open
  }

  get incarnation(): number {
    return this.#incarnation
  }

  /** The highest tag clock delivered without a gap: what a load notes as its reading before it begins. */
  get reading(): number {
    return this.#tagClock
  }

  get sequence(): number {
    return this.#sequence
  }

  /** The highest sequence heard of in this incarnation: delivered, or told by an answer of Redis. */
  get seen(): number {
    return Math.max(this.#seen, this.#sequence)
  }

  /** When the latest reading of the clock was sent that the bus has caught up with: all that was delivered before is applied here. */
  get provenAt(): number {
    return this.#provenAt
  }

  /** Oldest reading from which the local records are complete. */
  get horizon(): number {
    return this.#horizon
  }

  /** Records remembered now. */
  get size(): number {
    return this.#records.size
  }

  /** Takes over what a hello told. Memory is not yet served. */
  adopt(hello: Hello): void {
    this.#incarnation = hello.incarnation
    this.#tagClock = hello.tagClock
    this.#sequence = hello.sequence
    this.#seen = hello.sequence
    this.#records.clear()
    for (const [member, record] of hello.records.toReversed()) this.#records.set(member, record)
    this.#newestRecord = hello.records.reduce((high, [, record]) => Math.max(high, record), 0)
    const lowest = hello.records.reduce((low, [, record]) => Math.min(low, record), hello.tagClock)
    this.#horizon = hello.complete ? hello.floor : Math.max(hello.floor, lowest)
  }

  /** Opens the gate: everything queued has been replayed, and `provenAt` is when the last proof was asked for. */
  open(provenAt: number): void {
    this.#open = true
    this.#provenAt = provenAt
    if (this.#opensProven) this.freshUntil = provenAt + this.#maxStaleness
  }

  /** Shuts the gate: nothing in memory is proven any more. */
  shut(): void {
    if (this.#open) this.provenUntil = this.freshUntil
    this.#open = false
    this.freshUntil = Number.NEGATIVE_INFINITY
    for (const waiter of this.#waiters) waiter.done(false)
    this.#waiters.clear()
  }

  /** Books a numbered message; the caller applies its content when it is `in-order`. */
  deliver(reading: ClockReading, members: readonly string[]): Delivery {
    if (reading.incarnation !== this.#incarnation) return 'gap'
    if (reading.sequence <= this.#sequence) return 'known'
    if (reading.sequence !== this.#sequence + 1) return 'gap'
    // Invalidations of members, and only they, advance the tag clock by one: anything else was missed, or damaged on the way.
    if (reading.tagClock !== this.#tagClock + (members.length > 0 ? 1 : 0)) return 'gap'
    this.#sequence = reading.sequence
    this.#tagClock = reading.tagClock
    this.#remember(members, reading.tagClock)
    for (const waiter of this.#waiters) {
      if (waiter.sequence <= reading.sequence) {
        this.#waiters.delete(waiter)
        waiter.done(true)
      }
    }
    return 'in-order'
  }

  /** Learns records that were asked for or caused, out of the bus's order. */
  learn(members: readonly string[], records: readonly number[]): void {
    members.forEach((member, at) => {
      const known = this.#records.get(member) ?? 0
      this.#records.set(member, Math.max(known, records[at] ?? 0))
      this.#newestRecord = Math.max(this.#newestRecord, records[at] ?? 0)
    })
    this.#prune()
  }

  /**
   * A clock reading sent at `sentAt` proves memory fresh when the bus has delivered all it knows of. Of writes by other
   * programs it knows nothing: under tracking only a heartbeat proves, because it asks the subscriber as well. Nor does it
   * make anybody wait for this process: where invalidations are acknowledged, the heartbeat that renews the lease proves.
   */
  prove(reading: ClockReading, sentAt: number, by: 'read' | 'heartbeat' = 'read'): boolean {
    if (!this.#open || reading.incarnation !== this.#incarnation) return false
    if (reading.sequence > this.#seen) this.#seen = reading.sequence
    if (reading.sequence > this.#sequence) return false
    if (sentAt > this.#provenAt) this.#provenAt = sentAt
    const until = sentAt + this.#maxStaleness
    if (until > this.freshUntil && (this.#readsProve || by === 'heartbeat')) this.freshUntil = until
    return true
  }

  /** Waits until the bus has delivered a sequence number; false when it did not within `patience` milliseconds. */
  untilDelivered(sequence: number, patience: number): Promise<boolean> {
    if (sequence <= this.#sequence) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiter = {
        sequence,
        done: (delivered: boolean) => {
          cancel()
          resolve(delivered)
        },
      }
      const cancel = this.#clock.schedule(patience, () => {
        this.#waiters.delete(waiter)
        resolve(false)
      })
      this.#waiters.add(waiter)
    })
  }

  /** Whether nothing at all was invalidated after `reading`: then no entry of that reading has to be looked up. */
  isNewest(reading: number): boolean {
    return reading >= this.#newestRecord && reading >= this.#horizon
  }

  /** The members whose record is not known for an entry of this reading: they must be asked for. */
  unknown(members: readonly string[], reading: number): readonly string[] {
    return reading >= this.#horizon ? [] : members.filter((member) => !this.#records.has(member))
  }

  /** Whether no member was invalidated after `reading`, as far as the local records go. */
  isCurrent(members: readonly string[], reading: number): boolean {
    return members.every((member) => (this.#records.get(member) ?? 0) <= reading)
  }

  #remember(members: readonly string[], record: number): void {
    this.#newestRecord = Math.max(this.#newestRecord, record)
    for (const member of members) {
      this.#records.delete(member)
      this.#records.set(member, record)
    }
    this.#prune()
  }

  /** Forgets the oldest half of too many records; older readings then have to ask. */
  #prune(): void {
    if (this.#records.size <= this.#limit) return
    let surplus = this.#records.size - Math.floor(this.#limit / 2)
    for (const [member, record] of this.#records) {
      if (surplus-- <= 0) break
      this.#records.delete(member)
      this.#horizon = Math.max(this.#horizon, record)
    }
  }
}
