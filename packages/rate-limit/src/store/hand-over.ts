/**
 * What was admitted without Redis, kept until Redis can be told. It is told before it decides again, so nothing that this
 * process let through is forgotten: it counts from that moment on, even past a limit, and the next calls wait.
 */
import type { Operation, Outcome } from '../rule/operation.ts'
import type { Micros } from '../rule/verdict.ts'
import { addCharges, newShare, type OwnShare, ownUnits, settleOwn } from './own-share.ts'
import type { Target } from './store.ts'

/** Names an admission in a share for the moment of asking where its charges went. */
const ADDED = ''

/** A reservation that was made without Redis. */
export interface LocalReservation {
  readonly lease: string
  readonly costs: readonly number[]
  /** Called when Redis has taken it over, with where its charges went there. */
  readonly onAdopted: (outcome: Outcome) => void
}

interface Debt {
  readonly target: Target
  /** What was admitted, by the same rules: what leaves a window meanwhile need not be told. */
  readonly share: OwnShare
  readonly reservations: Map<string, LocalReservation>
}

/** Something Redis is to be told. */
export interface Message {
  readonly target: Target
  /** Made when it is sent: a settlement's references may only be known then. */
  readonly operation: () => Operation
  readonly onDone: (outcome: Outcome) => void
}

/** A message that was taken out. */
export interface Pending extends Message {
  readonly putBack: () => void
}

/** Collects debts by subject, and settlements of reservations that Redis knows. */
export class HandOver {
  readonly #capacity: number
  readonly #debts = new Map<string, Debt>()
  readonly #settlements = new Map<string, Message>()
  #dropped = 0

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** Subjects and settlements that wait. */
  get size(): number {
    return this.#debts.size + this.#settlements.size
  }

  /** Subjects that were forgotten because there were too many. */
  get dropped(): number {
    return this.#dropped
  }

  /** Adds an admission at `now`, the subject's time. The function it returns takes it back: Redis has counted it after all. */
  add(target: Target, now: Micros, costs: readonly number[]): () => void {
    const { share } = this.#debtOf(target)
    addCharges(target.set, share, now, { costs, lease: ADDED })
    const refs = share.held.get(ADDED)?.refs
    share.held.delete(ADDED)
    share.now = now
    return () => {
      if (refs === undefined) return
      share.held.set(ADDED, { refs, until: now, birth: 0 })
      settleOwn(target.set, share, now, { lease: ADDED, deltas: costs.map((cost) => -cost) })
    }
  }

  /** Adds a reservation. */
  reserve(target: Target, reservation: LocalReservation): void {
    this.#debtOf(target).reservations.set(reservation.lease, reservation)
  }

  /**
   * Replaces a reservation by what it turned out to cost. Returns false when it is not here any more: Redis has it.
   */
  settle(
    target: Target,
    now: Micros,
    { lease, deltas }: { readonly lease: string; readonly deltas: readonly number[] },
  ): boolean {
    const debt = this.#debts.get(target.key)
    const reservation = debt?.reservations.get(lease)
    if (debt === undefined || reservation === undefined) return false
    debt.reservations.delete(lease)
    this.add(
      target,
      now,
      reservation.costs.map((cost, index) => Math.max(0, cost + (deltas[index] as number))),
    )
    return true
  }

  /** Keeps the settlement of a reservation that Redis knows until Redis is back. */
  settleLater(target: Target, lease: string, operation: () => Operation): void {
    if (this.#settlements.size >= this.#capacity) this.#dropped += 1
    else this.#settlements.set(lease, { target, operation, onDone: () => {} })
  }

  /** Forgets what waits for a subject: it was reset. */
  forget({ key }: Target): void {
    this.#debts.delete(key)
  }

  /** Takes out everything that waits, as far as it still counts. What cannot be sent is to be put back. */
  take(timeOf: (target: Target) => Micros): Pending[] {
    const pending: Pending[] = []
    for (const [lease, message] of this.#settlements) {
      pending.push({ ...message, putBack: () => this.settleLater(message.target, lease, message.operation) })
    }
    for (const { target, share, reservations } of this.#debts.values()) {
      const now = Math.max(timeOf(target), share.now)
      const costs = ownUnits(target.set, share, now)
      if (costs.some((cost) => cost > 0)) {
        const operation = { kind: 'debit', costs, lease: undefined } as const
        pending.push({
          target,
          operation: () => operation,
          onDone: () => {},
          putBack: () => void this.add(target, now, costs),
        })
      }
      for (const reservation of reservations.values()) {
        const operation = { kind: 'debit', costs: reservation.costs, lease: reservation.lease } as const
        const putBack = () => this.#reserveAgain(target, now, reservation)
        pending.push({ target, operation: () => operation, onDone: reservation.onAdopted, putBack })
      }
    }
    this.clear()
    return pending
  }

  /** Where it was settled meanwhile, what it did cost is all that is left to tell: its settlement would arrive before it. */
  #reserveAgain(target: Target, now: Micros, reservation: LocalReservation): void {
    this.reserve(target, reservation)
    const settlement = this.#settlements.get(reservation.lease)?.operation()
    if (settlement?.kind !== 'settle') return
    this.#settlements.delete(reservation.lease)
    this.settle(target, now, settlement)
  }

  /** Forgets everything. */
  clear(): void {
    this.#debts.clear()
    this.#settlements.clear()
  }

  #debtOf(target: Target): Debt {
    const known = this.#debts.get(target.key)
    if (known !== undefined) return known
    if (this.#debts.size >= this.#capacity) {
      const [oldest] = this.#debts.keys()
      this.#debts.delete(oldest as string)
      this.#dropped += 1
    }
    const debt: Debt = { target, share: newShare(target.set), reservations: new Map() }
    this.#debts.set(target.key, debt)
    return debt
  }
}
