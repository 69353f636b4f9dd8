import * as fc from 'fast-check'
import { calendarPeriods } from '../../src/rule/calendar.ts'
import type { PenaltyRule } from '../../src/rule/penalty.ts'
import { fixedPeriods } from '../../src/rule/period-counter.ts'
import type { WindowRule } from '../../src/rule/rolling-window.ts'
import type { Rule } from '../../src/rule/rule.ts'
import type { RuleSet } from '../../src/rule/subject.ts'

/** 2026-03-01T00:00:00Z as a stored time. */
export const START = (Date.UTC(2026, 2, 1) - Date.UTC(2020, 0, 1)) * 1000

const SECOND = 1_000_000
const LENGTHS = [50_000, SECOND, 7 * SECOND, 60 * SECOND, 3_600 * SECOND, 30 * 86_400 * SECOND] as const

export const windowRule: fc.Arbitrary<WindowRule> = fc
  .record({
    limit: fc.integer({ min: 0, max: 40 }),
    length: fc.constantFrom(...LENGTHS),
    slots: fc.constantFrom(1, 2, 3, 10, 16),
    exact: fc.boolean(),
  })
  .map(({ limit, length, slots, exact }) => ({
    kind: 'window',
    limit,
    length,
    slots: exact ? Math.max(1, limit - 1) : slots,
    span: exact ? 0 : length / slots,
    tick: Math.max(1, Math.ceil(length / 2 ** 28)),
  }))

const bucketRule: fc.Arbitrary<Rule> = fc
  .record({
    interval: fc.constantFrom(1, 0.125, 333.375, 1_000, 142_857.25, SECOND),
    burst: fc.integer({ min: 0, max: 30 }),
  })
  .map((rule) => ({ kind: 'bucket', ...rule }))

const counterRule: fc.Arbitrary<Rule> = fc
  .record({
    limit: fc.integer({ min: 0, max: 40 }),
    periods: fc.constantFrom<number | { every: 'day' | 'month'; timeZone: string }>(
      SECOND,
      60 * SECOND,
      { every: 'day', timeZone: 'UTC' },
      { every: 'month', timeZone: 'Europe/Berlin' },
    ),
  })
  .map(({ limit, periods }) => ({
    kind: 'counter',
    limit,
    length: typeof periods === 'number' ? periods : 33 * 86_400 * SECOND,
    calendar: typeof periods !== 'number',
    periodAt: typeof periods === 'number' ? fixedPeriods(periods) : calendarPeriods(periods),
  }))

const leaseRule: fc.Arbitrary<Rule> = fc.integer({ min: 0, max: 5 }).map((limit) => ({ kind: 'lease', limit }))

const penalty: fc.Arbitrary<PenaltyRule> = fc.record({
  after: fc.integer({ min: 1, max: 4 }),
  first: fc.constantFrom(SECOND, 10 * SECOND),
  factor: fc.constantFrom(1, 2, 3),
  max: fc.constantFrom(10 * SECOND, 60 * SECOND),
  forget: fc.constantFrom(5 * SECOND, 600 * SECOND),
})

/** Any set of one to four rules, at most one of them on leases. */
export function ruleSets(options: { penalties: boolean }): fc.Arbitrary<RuleSet> {
  const counting = fc.array(fc.oneof(windowRule, windowRule, bucketRule, counterRule), { minLength: 0, maxLength: 3 })
  return fc
    .record({
      counting,
      lease: fc.option(leaseRule),
      leaseTime: fc.constantFrom(SECOND, 60 * SECOND),
      penalty: options.penalties ? fc.option(penalty) : fc.constant(null),
    })
    .filter(({ counting, lease }) => counting.length > 0 || lease !== null)
    .map(({ counting, lease, leaseTime, penalty }) => ({
      rules: lease === null ? counting : [...counting, lease],
      leaseTime,
      penalty: penalty ?? undefined,
    }))
}

/** One step of a history: how much later it happens, and what is done. */
export interface Step {
  readonly wait: number
  readonly kind:
    | 'check'
    | 'peek'
    | 'reserve'
    | 'debit'
    | 'debit-leased'
    | 'restore'
    | 'settle'
    | 'renew'
    | 'block'
    | 'reset'
  readonly costs: readonly number[]
  /** Which earlier reservation is meant, of those there are. */
  readonly pick: number
}

/** Steps close together and far apart; a few step back in time, as after a failover. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    wait: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) },
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 200_000 }) },
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 8 * SECOND }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 4_000 * SECOND }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 * 86_400 * SECOND }) },
      { weight: 1, arbitrary: fc.integer({ min: -5 * SECOND, max: -1 }) },
    ),
    kind: fc.oneof(
      { weight: 10, arbitrary: fc.constant('check' as const) },
      { weight: 6, arbitrary: fc.constant('reserve' as const) },
      { weight: 5, arbitrary: fc.constant('settle' as const) },
      {
        weight: 3,
        arbitrary: fc.constantFrom('peek' as const, 'renew' as const, 'debit' as const, 'debit-leased' as const),
      },
      { weight: 1, arbitrary: fc.constantFrom('restore' as const, 'block' as const, 'reset' as const) },
    ),
    costs: fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.constant(1) }, { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }) }),
      { minLength: 4, maxLength: 4 },
    ),
    pick: fc.nat(50),
  }),
  { minLength: 1, maxLength: 60 },
)
