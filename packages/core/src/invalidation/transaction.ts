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
  readonly #all: Collection
  #unsaved: Collection
  /** What {@link Transaction.unsaved} answered, until more is collected. */
  #shown: Targets | undefined
  readonly #rows: SavedRow[] = []

  constructor(outer: Transaction | undefined, limit = MOST_COLLECTED) {
    this.outer = outer
    this.#limit = limit
    this.#all = new Collection(limit)
    this.#unsaved = new Collection(limit)
  }

  /** What is to be sent at the commit. */
  get targets(): Targets {
    return this.#all.targets
  }

  /** What was collected since the last {@link Transaction.saved}. */
  get unsaved(): Targets {
    this.#shown ??= this.#unsaved.targets
    return this.#shown
  }

  /** Rows that hold what was collected, to be removed once it has been delivered. */
  get rows(): readonly SavedRow[] {
    return this.#rows
  }

  /** Adds what the commit has to send. */
  collect(targets: Targets): void {
    this.#all.add(targets)
    this.#addUnsaved(targets)
  }

  /** An outbox holds what was unsaved when `targets` were taken from {@link Transaction.unsaved}. */
  saved(row: SavedRow, targets: Targets): void {
    if (this.#shown === targets) {
      this.#unsaved = new Collection(this.#limit)
      this.#shown = undefined
    }
    this.#rows.push(row)
  }

  /** Takes over what an inner transaction has collected, however it ended. */
  absorb(inner: Transaction): void {
    this.#all.add(inner.targets)
    this.#addUnsaved(inner.unsaved)
    this.#rows.push(...inner.rows)
    this.required ||= inner.required
  }

  /** Whether an entry depends on what this transaction, or one around it, has invalidated. */
  touches(key: string, members: readonly string[]): boolean {
    return this.#all.touches(key, members) || (this.outer?.touches(key, members) ?? false)
  }

  #addUnsaved(targets: Targets): void {
    this.#unsaved.add(targets)
    this.#shown = undefined
  }
}

/** Keys and members, each once; past the bound they become the whole namespace. Adding costs what is added, however much is there. */
class Collection {
  readonly #limit: number
  readonly #keys = new Map<string, Address>()
  readonly #members = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get targets(): Targets {
    return { keys: [...this.#keys.values()], members: [...this.#members] }
  }

  add({ keys, members }: Targets): void {
    if (this.#members.has(EVERYTHING)) return
    for (const address of keys) this.#keys.set(address.key, address)
    for (const member of members) this.#members.add(member)
    if (!this.#members.has(EVERYTHING) && this.#keys.size + this.#members.size <= this.#limit) return
    this.#keys.clear()
    this.#members.clear()
    this.#members.add(EVERYTHING)
  }

  touches(key: string, members: readonly string[]): boolean {
    return this.#keys.has(key) || members.some((member) => this.#members.has(member))
  }
}
