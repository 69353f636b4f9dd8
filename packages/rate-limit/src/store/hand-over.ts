/**
 * What was admitted without Redis, kept until Redis can be told. It is told before it decides again, so nothing that this
 * process let through is forgotten: it counts from that moment on, even past a limit, and the next calls wait.
 */
import type { Operation, Outcome } from '../rule/operation.ts'
import type { Target } from './store.ts'

/** A reservation that was made without Redis. */
export interface LocalReservation {
  readonly lease: string
  readonly costs: readonly number[]
  /** Called when Redis has taken it over, with where its charges went there. */
  readonly onAdopted: (outcome: Outcome) => void
}

interface Debt {
  readonly target: Target
  costs: number[]
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

  /** Adds an admission. */
  add(target: Target, costs: readonly number[]): void {
    const debt = this.#debtOf(target)
    debt.costs = debt.costs.map((cost, index) => cost + (costs[index] as number))
  }

  /** Takes an admission back: Redis has counted it after all. */
  subtract({ key }: Target, costs: readonly number[]): void {
    const debt = this.#debts.get(key)
    if (debt === undefined) return
    debt.costs = debt.costs.map((cost, index) => Math.max(0, cost - (costs[index] as number)))
  }

  /** Adds a reservation. */
  reserve(target: Target, reservation: LocalReservation): void {
    this.#debtOf(target).reservations.set(reservation.lease, reservation)
  }

  /**
   * Replaces a reservation by what it turned out to cost. Returns false when it is not here any more: Redis has it.
   */
  settle(target: Target, lease: string, deltas: readonly number[]): boolean {
    const debt = this.#debts.get(target.key)
    const reservation = debt?.reservations.get(lease)
    if (debt === undefined || reservation === undefined) return false
    debt.reservations.delete(lease)
    this.add(
      target,
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

  /** Takes out everything that waits. What cannot be sent is to be put back. */
  take(): Pending[] {
    const pending: Pending[] = []
    for (const [lease, message] of this.#settlements) {
      pending.push({ ...message, putBack: () => this.settleLater(message.target, lease, message.operation) })
    }
    for (const { target, costs, reservations } of this.#debts.values()) {
      if (costs.some((cost) => cost > 0)) {
        const operation = { kind: 'debit', costs, lease: undefined } as const
        pending.push({ target, operation: () => operation, onDone: () => {}, putBack: () => this.add(target, costs) })
      }
      for (const reservation of reservations.values()) {
        const operation = { kind: 'debit', costs: reservation.costs, lease: reservation.lease } as const
        const putBack = () => this.reserve(target, reservation)
        pending.push({ target, operation: () => operation, onDone: reservation.onAdopted, putBack })
      }
    }
    this.clear()
    return pending
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
    const debt: Debt = { target, costs: target.set.rules.map(() => 0), reservations: new Map() }
    this.#debts.set(target.key, debt)
    return debt
  }
}
