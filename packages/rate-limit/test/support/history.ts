import type { Operation, Outcome } from '../../src/rule/operation.ts'
import type { RuleSet } from '../../src/rule/subject.ts'
import type { Step } from './arbitraries.ts'

interface Reservation {
  readonly lease: string
  readonly refs: readonly number[]
}

/** Turns steps into operations: settlements and renewals need the references of the reservations before them. */
export class History {
  readonly #set: RuleSet
  readonly #reservations: Reservation[] = []
  #made = 0

  constructor(set: RuleSet) {
    this.#set = set
  }

  operation({ kind, costs: drawn, pick }: Step, birth: number): Operation {
    const costs = this.#set.rules.map((rule, index) =>
      rule.kind === 'lease' ? Number(kind !== 'debit' && kind !== 'restore') : (drawn[index] as number),
    )
    const earlier = this.#reservations[pick % Math.max(1, this.#reservations.length)]
    if (kind === 'reserve') return { kind, costs, lease: this.#name() }
    if (kind === 'debit') return { kind, costs, lease: undefined }
    if (kind === 'debit-leased') return { kind: 'debit', costs, lease: this.#name() }
    if (kind === 'restore') return { kind, costs, birth }
    if (kind === 'reset') return { kind }
    if (kind === 'block') return { kind, length: pick * 100_000 }
    if (kind === 'renew' && earlier !== undefined) return { kind, lease: earlier.lease }
    if (kind === 'settle' && earlier !== undefined) {
      return { kind, lease: earlier.lease, refs: earlier.refs, deltas: costs.map((cost) => cost - 4) }
    }
    return { kind: kind === 'peek' ? 'peek' : 'check', costs }
  }

  /** Remembers a reservation, so that later steps can settle it. */
  learn(operation: Operation, outcome: Outcome): void {
    const isReservation = operation.kind === 'reserve' || (operation.kind === 'debit' && operation.lease !== undefined)
    if (!isReservation || !outcome.done) return
    this.#reservations.push({ lease: operation.lease as string, refs: outcome.standings.map(({ ref }) => ref) })
  }

  #name(): string {
    return `lease-${String(++this.#made).padStart(6, '0')}`
  }
}
