/** The rules as one family: each kind has a state and the same four verbs. */
import type { LeaseRule } from './leases.ts'
import {
  amendCounter,
  type CounterRule,
  type CounterState,
  chargeCounter,
  judgeCounter,
  UNUSED_COUNTER,
  usedIn,
} from './period-counter.ts'
import {
  amendWindow,
  type Charge,
  chargeWindow,
  currentEntry,
  EMPTY_WINDOW,
  judgeWindow,
  rollWindow,
  type WindowRule,
  type WindowState,
} from './rolling-window.ts'
import {
  amendBucket,
  type BucketRule,
  type BucketState,
  chargeBucket,
  FULL_BUCKET,
  judgeBucket,
  missingFrom,
} from './token-bucket.ts'
import type { Micros, Verdict } from './verdict.ts'

/** A rule that counts units in a state of its own. */
export type CountingRule = WindowRule | BucketRule | CounterRule

/** Any rule of a limit set. */
export type Rule = CountingRule | LeaseRule

/** The state of a counting rule; the leases of a subject stand elsewhere, because reservations share them. */
export type RuleState = WindowState | BucketState | CounterState

/** Where a charge went, so that it can be amended: the window's entry, the period's start, or the bucket's time. */
export type ChargeRef = number

/** The state of a subject that was never seen. */
export function initialState(rule: CountingRule): RuleState {
  if (rule.kind === 'window') return EMPTY_WINDOW
  return rule.kind === 'bucket' ? FULL_BUCKET : UNUSED_COUNTER
}

/** Whether `cost` units fit at `now`. */
export function judge(rule: CountingRule, state: RuleState, now: Micros, cost: number): Verdict {
  if (rule.kind === 'window') return judgeWindow(rule, state as WindowState, now, cost)
  if (rule.kind === 'bucket') return judgeBucket(rule, state as BucketState, now, cost)
  return judgeCounter(rule, state as CounterState, now, cost)
}

/** The state after a charge at `now`, whether or not it fits. */
export function charge(rule: CountingRule, state: RuleState, now: Micros, made: Charge): RuleState {
  if (rule.kind === 'window') return chargeWindow(rule, state as WindowState, now, made)
  if (rule.kind === 'bucket') return chargeBucket(rule, state as BucketState, now, made.units)
  return chargeCounter(rule, state as CounterState, now, made.units)
}

/** Where a charge made at `now`, which led to `state`, can be found again. */
export function chargeRef(rule: CountingRule, state: RuleState, now: Micros): ChargeRef {
  if (rule.kind === 'window') return currentEntry(state as WindowState)
  return rule.kind === 'bucket' ? now : (state as CounterState).start
}

/** The state after the charge at `ref` turned out to be `delta` more, or less. */
export function amend(rule: CountingRule, state: RuleState, now: Micros, { ref, delta }: Correction): RuleState {
  if (rule.kind === 'window') return amendWindow(rule, state as WindowState, now, { entry: ref, delta })
  if (rule.kind === 'bucket') return amendBucket(rule, state as BucketState, now, { madeAt: ref, delta })
  return amendCounter(state as CounterState, { start: ref, delta })
}

/** A correction of one charge. */
export interface Correction {
  readonly ref: ChargeRef
  readonly delta: number
}

/** The state without what has left it at `now`: what any change of the subject leaves behind, of each of its rules. */
export function roll(rule: CountingRule, state: RuleState, now: Micros): RuleState {
  return rule.kind === 'window' ? rollWindow(rule, state as WindowState, now) : state
}

/** Units that count against the limit at `now`. */
export function unitsIn(rule: CountingRule, state: RuleState, now: Micros): number {
  if (rule.kind === 'window') return rollWindow(rule, state as WindowState, now).total
  if (rule.kind === 'bucket') return missingFrom(rule, state as BucketState, now)
  return usedIn(rule.periodAt(now), state as CounterState)
}

/** From when on a state is as good as none. */
export function spentAt(rule: CountingRule, state: RuleState): Micros {
  if (rule.kind === 'window') return (state as WindowState).last + rule.length
  if (rule.kind === 'bucket') return (state as BucketState).tat
  // Not the period's own end: looking up the calendar of another day costs more than all else.
  return (state as CounterState).start + rule.length
}
