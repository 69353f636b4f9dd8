/**
 * All limits of one subject, decided and charged together: a call is admitted by every limit or it changes none. These
 * functions are the memory store's arithmetic, and the reference that the Lua script is tested against.
 */
import { addLease, judgeLease, type Lease, liveLeases, removeLease } from './leases.ts'
import { type PenaltyRule, strike } from './penalty.ts'
import {
  amend,
  type ChargeRef,
  type CountingRule,
  charge,
  chargeRef,
  initialState,
  judge,
  type Rule,
  type RuleState,
  roll,
  spentAt,
} from './rule.ts'
import { readClock } from './server-clock.ts'
import type { Micros, Verdict } from './verdict.ts'

/** The rules of a limit set, in the order of their declaration. */
export interface RuleSet {
  readonly rules: readonly Rule[]
  /** How long a reservation, or a place under a lease rule, is held unless it is renewed. */
  readonly leaseTime: Micros
  readonly penalty: PenaltyRule | undefined
}

/** Everything that is known of one subject. */
export interface SubjectState {
  readonly last: Micros
  readonly ahead: Micros
  readonly blocked: Micros
  readonly strikes: number
  readonly struck: Micros
  /** One state per rule; undefined for lease rules. */
  readonly states: readonly (RuleState | undefined)[]
  readonly leases: readonly Lease[]
}

/** What all the rules say about one call. */
export interface Judgement {
  readonly ok: boolean
  /** The subject's time. */
  readonly now: Micros
  readonly ahead: Micros
  /** Microseconds for which the subject is blocked. */
  readonly blockedFor: Micros
  /** One per rule. */
  readonly verdicts: readonly Verdict[]
}

/** A subject that was never seen, or was forgotten. */
export function unknownSubject({ rules }: RuleSet): SubjectState {
  const states = rules.map((rule) => (rule.kind === 'lease' ? undefined : initialState(rule)))
  return { last: 0, ahead: 0, blocked: 0, strikes: 0, struck: 0, states, leases: [] }
}

/** What the rules say about a call of these costs, when the server's time is `at`. */
export function judgeCall({ rules }: RuleSet, subject: SubjectState, at: Micros, costs: readonly number[]): Judgement {
  const { now, ahead } = readClock(subject, at)
  const verdicts = rules.map((rule, index) => {
    const cost = costs[index] as number
    if (rule.kind === 'lease') return judgeLease(rule, subject.leases, now, cost)
    return judge(rule, subject.states[index] as RuleState, now, cost)
  })
  const blockedFor = Math.max(0, subject.blocked - now)
  return { ok: blockedFor === 0 && verdicts.every((verdict) => verdict.ok), now, ahead, blockedFor, verdicts }
}

/** A call to charge. With a `lease` it is a reservation: every rule is charged, at a cost of 0 too, so it can be amended. */
export interface Call {
  readonly costs: readonly number[]
  readonly lease?: string
}

/** The subject after the call was charged, at the time of `reading`. */
export function chargeCall(
  set: RuleSet,
  subject: SubjectState,
  { now, ahead }: Pick<Judgement, 'now' | 'ahead'>,
  call: Call,
): SubjectState {
  const open = liveLeases(subject.leases, now).length > 0
  const states = set.rules.map((rule, index) => {
    const state = subject.states[index]
    const cost = call.costs[index] as number
    if (rule.kind === 'lease' || state === undefined) return undefined
    if (cost <= 0 && call.lease === undefined) return roll(rule, state, now)
    return charge(rule, state, now, { units: cost, open })
  })
  const leases =
    call.lease === undefined
      ? subject.leases
      : addLease(subject.leases, now, { id: call.lease, until: now + set.leaseTime })
  return { ...subject, last: now, ahead, states, leases }
}

/** Where a call's charges can be found again, one per rule; 0 for lease rules. */
export function chargeRefs({ rules }: RuleSet, subject: SubjectState): readonly ChargeRef[] {
  return rules.map((rule, index) => {
    const state = subject.states[index]
    return rule.kind === 'lease' || state === undefined ? 0 : chargeRef(rule, state, subject.last)
  })
}

/** The subject after a refusal: the same, unless refusals are punished. */
export function refuseCall(set: RuleSet, subject: SubjectState, { now, ahead }: Judgement): SubjectState {
  const { penalty } = set
  if (penalty === undefined || subject.blocked > now) return subject
  return { ...rolled(set, subject, { now, ahead }), ...strike(penalty, subject, now) }
}

/** The subject at `now`, without what has left its windows. */
function rolled(
  { rules }: RuleSet,
  subject: SubjectState,
  { now, ahead }: Pick<Judgement, 'now' | 'ahead'>,
): SubjectState {
  const states = subject.states.map((state, index) =>
    state === undefined ? undefined : roll(rules[index] as CountingRule, state, now),
  )
  return { ...subject, last: now, ahead, states }
}

/** What a reservation turned out to cost. */
export interface Settlement {
  readonly lease: string
  /** Per rule, what is to be added. */
  readonly deltas: readonly number[]
  readonly refs: readonly ChargeRef[]
}

/** The subject after a reservation was settled and its lease given back; undefined when it was before, or is over. */
export function settleCall(
  set: RuleSet,
  subject: SubjectState,
  at: Micros,
  settlement: Settlement,
): SubjectState | undefined {
  const { now, ahead } = readClock(subject, at)
  const leases = removeLease(subject.leases, now, settlement.lease)
  if (leases === subject.leases) return undefined
  const states = set.rules.map((rule, index) => {
    const delta = settlement.deltas[index] as number
    const state = subject.states[index]
    if (rule.kind === 'lease' || state === undefined) return undefined
    if (delta === 0) return roll(rule, state, now)
    return amend(rule, state, now, { ref: settlement.refs[index] as number, delta })
  })
  return { ...subject, last: now, ahead, states, leases }
}

/**
 * The subject after a lease was given its full time again. One that ended, or was lost with the server's data, is taken
 * anew where there is room; undefined where there is none.
 */
export function renewLease(set: RuleSet, subject: SubjectState, at: Micros, id: string): SubjectState | undefined {
  const { now, ahead } = readClock(subject, at)
  const others = removeLease(subject.leases, now, id)
  const room = set.rules.every((rule) => rule.kind !== 'lease' || liveLeases(others, now).length < rule.limit)
  if (others === subject.leases && !room) return undefined
  return { ...rolled(set, subject, { now, ahead }), leases: addLease(others, now, { id, until: now + set.leaseTime }) }
}

/** The subject blocked for so long from now on; for 0, no longer blocked. */
export function blockSubject(set: RuleSet, subject: SubjectState, at: Micros, length: Micros): SubjectState {
  const { now, ahead } = readClock(subject, at)
  return { ...rolled(set, subject, { now, ahead }), blocked: length === 0 ? 0 : now + length }
}

/** From when on the subject is as good as one that was never seen. */
export function forgettableAt({ rules, penalty }: RuleSet, subject: SubjectState): Micros {
  const counted = rules.map((rule, index) => spentOf(rule, subject.states[index]))
  const struck = penalty === undefined || subject.strikes === 0 ? 0 : subject.struck + penalty.forget
  return Math.max(subject.blocked, struck, subject.leases.at(-1)?.until ?? 0, ...counted)
}

function spentOf(rule: Rule, state: RuleState | undefined): Micros {
  return state === undefined ? 0 : spentAt(rule as CountingRule, state)
}
