/** From the limits that users write to the rules that decide. */
import { createHash } from 'node:crypto'
import { InvalidOption } from '@granary/core'
import { calendarPeriods } from '../rule/calendar.ts'
import type { PenaltyRule } from '../rule/penalty.ts'
import { fixedPeriods } from '../rule/period-counter.ts'
import type { Rule } from '../rule/rule.ts'
import type { RuleSet } from '../rule/subject.ts'
import { partOf } from './deciding/shards.ts'
import type { BucketLimit, CounterLimit, Limit, WindowLimit } from './limit.ts'
import { checkCount, MOST, MOST_CONCURRENT } from './limit.ts'

/** The limit of a rule that has none: far above every count, and exact as a double. */
export const UNLIMITED = 2 ** 52

/** Closed entries have 32 bits for their time: a window is at most 2^28 of its ticks long, so ages never wrap around. */
const TICKS = 2 ** 28

/** The rule of a limit. */
export function ruleOf(limit: Limit): Rule {
  switch (limit.kind) {
    case 'window':
      return windowRule(limit)
    case 'bucket':
      return { kind: 'bucket', interval: intervalOf(limit), burst: limit.burst }
    case 'counter':
      return counterRule(limit)
    case 'concurrency':
      return { kind: 'lease', limit: limit.limit }
  }
}

function windowRule({ limit, length: milliseconds, precision }: WindowLimit): Rule {
  const length = milliseconds * 1000
  const slots = precision === 0 ? Math.max(1, limit - 1) : precision
  return {
    kind: 'window',
    limit,
    length,
    slots,
    span: precision === 0 ? 0 : length / slots,
    tick: Math.max(1, Math.ceil(length / TICKS)),
  }
}

/** A multiple of 1/8 µs, rounded up: the bucket may be slower than asked for by a hair, never faster. */
function intervalOf({ rate, per }: BucketLimit): number {
  return Math.ceil((per * 8_000) / rate) / 8
}

function counterRule({ limit, period }: CounterLimit): Rule {
  if (typeof period !== 'number') {
    const length = LONGEST_PERIODS[period.every]
    return { kind: 'counter', limit, length, calendar: true, periodAt: calendarPeriods(period) }
  }
  return { kind: 'counter', limit, length: period * 1000, calendar: false, periodAt: fixedPeriods(period * 1000) }
}

/** Days and months in which clocks are put back, by as much as they ever were. */
const LONGEST_PERIODS = { day: 48 * 3_600_000_000, month: 33 * 86_400_000_000 } as const

/**
 * A digest of what must not change while subjects are packed: the kinds and lengths of the rules, in order. Sets that agree in it share
 * their subjects; a change of a number alone keeps what was counted.
 */
export function layoutOf(
  limits: readonly Limit[],
  { leaseTime, penalty, shards }: { leaseTime: number; penalty: PenaltyRule | undefined; shards: number },
): string {
  const parts = limits.map((limit) => {
    if (limit.kind === 'window') return ['w', limit.length, limit.precision === 0 ? `x${limit.limit}` : limit.precision]
    if (limit.kind === 'counter')
      return typeof limit.period === 'number' ? ['f', limit.period] : ['q', limit.period.every, limit.period.timeZone]
    return limit.kind === 'bucket' ? ['b'] : ['c']
  })
  const text = JSON.stringify([1, leaseTime, penalty !== undefined, parts, ...(shards === 1 ? [] : [shards])])
  return createHash('sha256').update(text).digest('base64url').slice(0, 8)
}

/** What a plan says about a subject: a number in place of a limit's own, `bucket(…)` for a bucket, Infinity for none. */
export type PlanLimits<Name extends string> = { readonly [N in Name]?: number | BucketLimit }

/** The rules with a plan's numbers. */
export function planRules(
  set: RuleSet,
  { names, shards }: { names: readonly string[]; shards: number },
  plan: PlanLimits<string>,
): RuleSet {
  for (const name of Object.keys(plan)) {
    if (!names.includes(name))
      throw new InvalidOption('plan', name, `it may change ${names.map((known) => `'${known}'`).join(', ')}`)
  }
  return { ...set, rules: set.rules.map((rule, index) => planRule(rule, names[index] as string, { plan, shards })) }
}

/** A plan's number need not divide evenly into shards: it is rounded down. */
function planRule(rule: Rule, name: string, { plan, shards }: { plan: PlanLimits<string>; shards: number }): Rule {
  const given = plan[name]
  if (given === undefined) return rule
  if (given === Number.POSITIVE_INFINITY) return unlimited(rule)
  if (rule.kind === 'bucket') {
    if (typeof given !== 'object' || given?.kind !== 'bucket')
      throw new InvalidOption(`plan.${name}`, given, 'a bucket takes bucket({ rate, per, burst }), or Infinity')
    const part = partOf(given, shards)
    return { ...rule, interval: intervalOf(part), burst: part.burst }
  }
  checkCount(`plan.${name}`, given, rule.kind === 'lease' ? MOST_CONCURRENT : MOST)
  return { ...rule, limit: Math.floor((given as number) / shards) }
}

function unlimited(rule: Rule): Rule {
  return rule.kind === 'bucket' ? { ...rule, interval: 1 / 8, burst: MOST } : { ...rule, limit: UNLIMITED }
}
