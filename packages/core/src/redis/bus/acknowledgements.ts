import type { Clock } from '../../clock.ts'
import type { ClockReading } from '../../invalidation/clock-reading.ts'

/** A process that may serve its memory, and for how long unless it renews, in milliseconds. */
export interface Member {
  readonly name: string
  readonly remaining: number
}

/** A process says that it has applied everything up to a number. */
export interface Acknowledgement {
  readonly member: string
  readonly incarnation: number
  readonly sequence: number
}

interface Waiter {
  readonly reading: ClockReading
  /** When the lease of each that has not acknowledged is surely over; monotonic milliseconds. */
  readonly ends: Map<string, number>
  readonly look: () => void
}

/** More members than this are not remembered between invalidations; one that is forgotten is waited for a little longer. */
const MOST_MEMBERS = 10_000

/** Who has acknowledged what, and the invalidations that wait for it. */
export class Acknowledgements {
  readonly #clock: Clock
  readonly #latest = new Map<string, Acknowledgement>()
  readonly #waiters = new Set<Waiter>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Invalidations that wait now. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** A member has acknowledged; of two that overtook each other the higher counts. */
  note(told: Acknowledgement): void {
    const known = this.#latest.get(told.member)
    if (known?.incarnation === told.incarnation && known.sequence >= told.sequence) return
    this.#latest.delete(told.member)
    this.#latest.set(told.member, told)
    if (this.#latest.size > MOST_MEMBERS) this.#latest.delete(this.#latest.keys().next().value as string)
    for (const waiter of this.#waiters) waiter.look()
  }

  /**
   * Resolves when each of these members has acknowledged the invalidation of that number, or its lease is over. An
   * acknowledgement may have come before the answer that named the member: the two come on different connections.
   */
  until(reading: ClockReading, members: readonly Member[], heardAt: number): Promise<void> {
    const ends = new Map(members.map(({ name, remaining }) => [name, heardAt + remaining]))
    return new Promise((resolve) => {
      let cancel = () => {}
      const look = () => {
        cancel()
        const now = this.#clock.now()
        for (const [name, end] of ends) if (now >= end || this.#has(name, reading)) ends.delete(name)
        if (ends.size === 0) {
          this.#waiters.delete(waiter)
          resolve()
        } else cancel = this.#clock.schedule(Math.max(...ends.values()) - now, look)
      }
      const waiter: Waiter = { reading, ends, look }
      this.#waiters.add(waiter)
      look()
    })
  }

  #has(member: string, { incarnation, sequence }: ClockReading): boolean {
    const told = this.#latest.get(member)
    return told?.incarnation === incarnation && told.sequence >= sequence
  }
}

const FORM = /^([^:]+):(\d+):(\d+)$/

/** An acknowledgement as it travels. */
function encodeAcknowledgement({ member, incarnation, sequence }: Acknowledgement): string {
  return `${member}:${incarnation}:${sequence}`
}

/** Reads one; undefined when it is not one: whoever sent it has acknowledged nothing. */
export function decodeAcknowledgement(raw: unknown): Acknowledgement | undefined {
  const match = FORM.exec(String(raw))
  return match === null
    ? undefined
    : { member: match[1] as string, incarnation: Number(match[2]), sequence: Number(match[3]) }
}

/** Says to others what is applied here, each sender once for all messages of one packet. */
export class Acknowledger {
  readonly #member: string
  readonly #send: (origin: string, text: string) => void
  readonly #due = new Map<string, Acknowledgement>()

  constructor(member: string, send: (origin: string, text: string) => void) {
    this.#member = member
    this.#send = send
  }

  /** A message has been applied. */
  add({ origin, incarnation, sequence }: ClockReading & { readonly origin: string }): void {
    if (this.#due.size === 0) process.nextTick(() => this.#sendAll())
    this.#due.set(origin, { member: this.#member, incarnation, sequence })
  }

  #sendAll(): void {
    for (const [origin, told] of this.#due) this.#send(origin, encodeAcknowledgement(told))
    this.#due.clear()
  }
}
