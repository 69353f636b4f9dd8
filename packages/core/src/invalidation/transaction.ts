import type { Address, Targets } from '../engine/remote.ts'
import type { OutboxReader } from '../outbox/outbox.ts'
import { EVERYTHING } from './outbound-queue.ts'

/** More than this in one transaction becomes one clear of the namespace. */
const MOST_COLLECTED = 10_000

/** A row of an outbox that holds some of what was collected. */
export interface SavedRow {
  readonly outbox: OutboxReader
  readonly id: string
}

/**
 * What is invalidated inside a database transaction: it waits for the commit. Invalidations commute and coalesce, so it is a
 * set; nothing is ever dropped from it but by a rollback.
 */
export class Transaction {
  /** The transaction of the same cache around it. */
  readonly outer: Transaction | undefined
  /** Whether any of it must be delivered for the transaction to succeed. */
  required = false
  /** Over: what its code left running counts as outside. */
  ended = false
  readonly #limit: number
  #keys = new Map<string, Address>()
  #members = new Set<string>()
  #unsaved: Targets = NOTHING
  readonly #rows: SavedRow[] = []

  constructor(outer: Transaction | undefined, limit = MOST_COLLECTED) {
    this.outer = outer
    this.#limit = limit
  }

  /** What is to be sent at the commit. */
  get targets(): Targets {
    return { keys: [...this.#keys.values()], members: [...this.#members] }
  }

  /** What was collected since the last {@link Transaction.saved}. */
  get unsaved(): Targets {
    return this.#unsaved
  }

  /** Rows that hold what was collected, to be removed once it has been delivered. */
  get rows(): readonly SavedRow[] {
    return this.#rows
  }

  /** Adds what the commit has to send. */
  collect(targets: Targets): void {
    this.#unsaved = bounded(merge(this.#unsaved, targets), this.#limit)
    const all = bounded(merge(this.targets, targets), this.#limit)
    this.#keys = new Map(all.keys.map((address) => [address.key, address]))
    this.#members = new Set(all.members)
  }

  /** An outbox holds what was unsaved when `targets` were taken from {@link Transaction.unsaved}. */
  saved(row: SavedRow, targets: Targets): void {
    if (this.#unsaved === targets) this.#unsaved = NOTHING
    this.#rows.push(row)
  }

  /** Takes over what an inner transaction has collected, however it ended. */
  absorb(inner: Transaction): void {
    const { unsaved } = inner
    const before = this.#unsaved
    this.collect(inner.targets)
    this.#unsaved = bounded(merge(before, unsaved), this.#limit)
    this.#rows.push(...inner.rows)
    this.required ||= inner.required
  }

  /** Whether an entry depends on what this transaction, or one around it, has invalidated. */
  touches(key: string, members: readonly string[]): boolean {
    if (this.#keys.has(key) || members.some((member) => this.#members.has(member))) return true
    return this.outer?.touches(key, members) ?? false
  }
}

const NOTHING: Targets = { keys: [], members: [] }

function merge(one: Targets, other: Targets): Targets {
  const keys = new Map([...one.keys, ...other.keys].map((address) => [address.key, address]))
  return { keys: [...keys.values()], members: [...new Set([...one.members, ...other.members])] }
}

function bounded({ keys, members }: Targets, limit: number): Targets {
  const isTooMuch = members.includes(EVERYTHING) || keys.length + members.length > limit
  return isTooMuch ? { keys: [], members: [EVERYTHING] } : { keys, members }
}
