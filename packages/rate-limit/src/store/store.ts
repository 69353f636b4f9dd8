/** What limit sets need of a place that keeps subjects. */
import type { Operation, Outcome } from '../rule/operation.ts'
import type { RuleSet } from '../rule/subject.ts'
import type { Script } from '../script/assemble.ts'

/**
 * What to do without Redis: decide by this process's share of the limits (`local`), admit everything (`open`), or refuse to
 * decide (`closed`).
 */
export type StoreFailurePolicy = 'local' | 'open' | 'closed'

/** A subject of a limit set, as stores know it. */
export interface Target {
  /** Its key: namespace, set and subject. */
  readonly key: string
  /** The rules that hold for it: a plan may have changed the limits. */
  readonly set: RuleSet
  readonly script: Script
  /** Whether limits are sent with every call. */
  readonly planned: boolean
  /** Milliseconds that the store may take. */
  readonly deadline: number
  /** What happens when the store fails. */
  readonly onFailure: StoreFailurePolicy
}

/** An outcome, and where it was decided. */
export interface Decided {
  readonly outcome: Outcome
  /** `local` is this process's share while Redis is away. */
  readonly source: 'redis' | 'memory' | 'local'
}

/** Keeps subjects and applies operations to them. */
export interface Store {
  apply(target: Target, operation: Operation): Promise<Decided> | Decided
}
