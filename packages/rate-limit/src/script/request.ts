/** How an operation is written as arguments of the script, and its reply read back. */
import type { Operation, Outcome, Standing } from '../rule/operation.ts'
import type { Rule } from '../rule/rule.ts'
import type { RuleSet } from '../rule/subject.ts'
import type { Micros } from '../rule/verdict.ts'
import { DONE, REFUSED, type Reply } from './reply.ts'

/** One argument; ioredis writes numbers as decimal text. */
export type Argument = string | number

/** What the arguments depend on besides the operation. */
export interface RequestContext {
  readonly set: RuleSet
  readonly planned: boolean
}

/** Appends the arguments of an operation. A plain check of one unit each takes two. `time` is asked for the calendar only. */
export function writeRequest(
  args: Argument[],
  operation: Operation,
  { set, planned }: RequestContext,
  time: Time,
): void {
  for (const rule of set.rules) {
    if (planned || (rule.kind === 'counter' && rule.calendar)) writeRule(args, rule, time, planned)
  }
  switch (operation.kind) {
    case 'check':
    case 'peek':
      if (operation.costs.some((cost) => cost !== 1)) args.push(...operation.costs)
      break
    case 'reserve':
    case 'debit':
      args.push(operation.lease ?? '', ...operation.costs)
      break
    case 'restore':
      args.push(operation.birth, ...operation.costs)
      break
    case 'settle':
      args.push(operation.lease, ...operation.deltas, ...operation.refs)
      break
    case 'renew':
      args.push(operation.lease)
      break
    case 'block':
      args.push(operation.length)
      break
  }
}

/** The server's time, as far as it is known. */
export interface Time {
  readonly near: Micros
}

function writeRule(args: Argument[], rule: Rule, time: Time, planned: boolean): void {
  if (rule.kind === 'counter' && rule.calendar) {
    const { start, end } = rule.periodAt(time.near)
    args.push(start, end)
  }
  if (!planned) return
  if (rule.kind === 'bucket') args.push(rule.interval, rule.burst)
  else args.push(rule.limit)
}

/** Whether a reply is one to this operation: what came damaged must not decide. */
export function answers({ code, now, numbers }: Reply, operation: Operation, { rules }: RuleSet): boolean {
  if (!(code === DONE || code === REFUSED) || !Number.isFinite(now) || numbers.some(Number.isNaN)) return false
  return numbers.length === (code === DONE ? numbersWhenDone(operation) : numbersWhenRefused(operation))

  function numbersWhenDone({ kind }: Operation): number {
    if (kind === 'check' || kind === 'peek') return 2 * rules.length
    if (kind === 'reserve' || kind === 'debit' || kind === 'restore')
      return (isRecorded(operation) ? 3 : 2) * rules.length
    return 0
  }

  function numbersWhenRefused({ kind }: Operation): number {
    return kind === 'check' || kind === 'peek' || kind === 'reserve' ? 1 + 3 * rules.length : 0
  }
}

function isRecorded(operation: Operation): boolean {
  return operation.kind === 'reserve' || (operation.kind === 'debit' && operation.lease !== undefined)
}

/** The outcome that a reply of the codes DONE or REFUSED tells. */
export function readOutcome({ code, now, numbers }: Reply, operation: Operation): Outcome {
  if (code === REFUSED) {
    const [blockedFor = 0] = numbers
    return { done: false, now, blockedFor, standings: standingsOf(numbers.slice(1), 'retry') }
  }
  const third = isRecorded(operation) ? 'ref' : undefined
  return { done: code === DONE, now, blockedFor: 0, standings: standingsOf(numbers, third) }
}

/** Per rule `remaining, reset`; or `remaining, retry, reset`; or `remaining, reset, ref`. */
function standingsOf(numbers: readonly number[], third: 'retry' | 'ref' | undefined): readonly Standing[] {
  const stride = third === undefined ? 2 : 3
  const standings: Standing[] = []
  for (let from = 0; from < numbers.length; from += stride) {
    const remaining = Math.max(0, numbers[from] as number)
    const second = numbers[from + 1] as number
    const last = numbers[from + 2] as number
    if (third === 'retry') standings.push({ remaining, retry: second, reset: last, ref: 0 })
    else standings.push({ remaining, retry: 0, reset: second, ref: third === 'ref' ? last : 0 })
  }
  return standings
}
