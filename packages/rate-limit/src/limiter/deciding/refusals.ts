/**
 * Refusals of a moment ago. A refused subject that keeps calling is refused from memory, without asking Redis again, until
 * it could be admitted; at most for a second, because another process may give units back. Admissions are never remembered.
 */
import type { Clock } from '@granary/core'
import type { Outcome } from '../../rule/operation.ts'
import type { RuleSet } from '../../rule/subject.ts'
import { NEVER } from '../../rule/verdict.ts'
import { ExpiringMap } from '../../store/expiring-map.ts'
import type { Target } from '../../store/store.ts'

interface Refusal {
  /** The rules that refused: those of another plan may not. */
  readonly set: RuleSet
  readonly outcome: Outcome
  readonly costs: readonly number[]
  /** Monotonic milliseconds. */
  readonly at: number
}

/** A subject, and the rules that hold for it now. */
export type Refusable = Pick<Target, 'key' | 'set'>

const LONGEST = 1_000

/** What a {@link Refusals} needs. */
export interface RefusalsOptions {
  readonly clock: Clock
  readonly capacity: number
}

/** Remembers refusals by subject. */
export class Refusals {
  readonly #clock: Clock
  readonly #known: ExpiringMap<Refusal>

  constructor({ clock, capacity }: RefusalsOptions) {
    this.#clock = clock
    this.#known = new ExpiringMap({ clock, capacity })
  }

  /** Subjects that are remembered. */
  get size(): number {
    return this.#known.size
  }

  /** Remembers a refusal. */
  add({ key, set }: Refusable, outcome: Outcome, costs: readonly number[]): void {
    const waits = [outcome.blockedFor, ...outcome.standings.map(({ retry }) => retry)]
    const length = waits.includes(NEVER) ? LONGEST : Math.min(LONGEST, Math.max(...waits) / 1000)
    const at = this.#clock.now()
    this.#known.set(key, { set, outcome, costs, at }, at + length)
  }

  /**
   * The refusal that this call would get again: where a limit refused fewer units, or as many. Its times have gone on.
   */
  find({ key, set }: Refusable, costs: readonly number[]): Outcome | undefined {
    if (this.#known.size === 0) return undefined
    const refusal = this.#known.get(key)
    if (refusal === undefined || refusal.set !== set) return undefined
    const passed = Math.floor((this.#clock.now() - refusal.at) * 1000)
    const blockedFor = Math.max(0, refusal.outcome.blockedFor - passed)
    const standings = refusal.outcome.standings.map((standing, index) => {
      const holds = isRefusing(standing.retry, passed) && (costs[index] as number) >= (refusal.costs[index] as number)
      const retry = !holds ? 0 : standing.retry === NEVER ? NEVER : standing.retry - passed
      return { ...standing, retry, reset: Math.max(0, standing.reset - passed) }
    })
    if (blockedFor === 0 && standings.every(({ retry }) => retry === 0)) return undefined
    return { done: false, now: refusal.outcome.now + passed, blockedFor, standings }
  }

  /** Forgets a subject: it may have units again. */
  forget(key: string): void {
    this.#known.delete(key)
  }

  /** Forgets everything. */
  clear(): void {
    this.#known.clear()
  }
}

function isRefusing(retry: number, passed: number): boolean {
  return retry === NEVER || retry > passed
}
