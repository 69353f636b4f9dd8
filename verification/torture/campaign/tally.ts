import { Coverage } from '../history/coverage.ts'
import type { Outcome } from '../history/outcome.ts'
import type { ViolationKind } from '../history/violation.ts'
import { isCalm, type Schedule } from '../schedule/schedule.ts'

/** A tally as it is written to a file. */
export interface TallyRecord {
  readonly schedules: number
  readonly reads: number
  readonly broken: number
  readonly calm: number
  readonly calmBroken: number
  readonly violations: Readonly<Record<string, number>>
  readonly coverage: Readonly<Record<string, number>>
}

/** What many schedules showed, added up. */
export class Tally {
  schedules = 0
  reads = 0
  /** Schedules that broke a promise. */
  broken = 0
  /** Schedules in which nothing went wrong but loads, and those of them that broke a promise. */
  calm = 0
  calmBroken = 0
  /** Schedules that broke a promise, by the promise. */
  readonly violations = new Map<ViolationKind, number>()
  readonly coverage = new Coverage()

  /** Adds a run; answers the kinds of violation that it was the first to show. */
  add(schedule: Schedule, { violations, reads, coverage }: Outcome): ViolationKind[] {
    const kinds = new Set(violations.map(({ kind }) => kind))
    this.schedules += 1
    this.reads += reads
    this.coverage.add(coverage)
    const isBroken = kinds.size > 0 ? 1 : 0
    this.broken += isBroken
    if (isCalm(schedule)) {
      this.calm += 1
      this.calmBroken += isBroken
    }
    const fresh = [...kinds].filter((kind) => !this.violations.has(kind))
    for (const kind of kinds) this.violations.set(kind, (this.violations.get(kind) ?? 0) + 1)
    return fresh
  }

  toRecord(): TallyRecord {
    const { schedules, reads, broken, calm, calmBroken } = this
    const violations = Object.fromEntries(this.violations)
    return {
      schedules,
      reads,
      broken,
      calm,
      calmBroken,
      violations,
      coverage: Object.fromEntries(this.coverage.counts),
    }
  }

  static from(record: TallyRecord): Tally {
    const tally = new Tally()
    const { violations, coverage, ...counts } = record
    Object.assign(tally, counts)
    for (const [kind, times] of Object.entries(violations)) tally.violations.set(kind as ViolationKind, times)
    for (const [situation, times] of Object.entries(coverage)) tally.coverage.count(situation, times)
    return tally
  }
}
