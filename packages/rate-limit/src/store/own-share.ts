/**
 * What this process itself has done to a subject, and what it last heard of it. It is what Redis is reminded of when it has
 * forgotten (a flush, an eviction, a failover that lost writes), and where a local decision starts from when Redis is away.
 */

import type { Standing } from '../rule/operation.ts'
import {
  amend,
  type ChargeRef,
  type CountingRule,
  charge,
  chargeRef,
  initialState,
  type Rule,
  type RuleState,
  spentAt,
  unitsIn,
} from '../rule/rule.ts'
import type { RuleSet } from '../rule/subject.ts'
import type { Micros } from '../rule/verdict.ts'

/** One subject as this process knows it. */
export interface OwnShare {
  /** The birth of the packed subject that the charges are in; 0 when there were none. */
  birth: number
  /** The connection on which that was last known to hold. */
  epoch: number
  /** The subject's time at the last reply, and the monotonic milliseconds then. */
  now: Micros
  at: number
  /** How the rules stood then. */
  standings: readonly Standing[]
  /** This process's own charges, one state per rule; undefined for lease rules. */
  states: (RuleState | undefined)[]
  /** Reservations of this process that are open. */
  readonly held: Map<string, HeldLease>
  /** The restoration that is under way. */
  restoring: Promise<void> | undefined
}

/** A reservation of this process. */
interface HeldLease {
  /** Where its charges are in the share's own states. */
  readonly refs: readonly ChargeRef[]
  /** When it ends, in the subject's time. */
  readonly until: Micros
  /** The birth of the packed subject that it was made in. */
  readonly birth: number
}

/** A share of a subject that was never charged. */
export function newShare({ rules }: RuleSet): OwnShare {
  const states = rules.map((rule) => (rule.kind === 'lease' ? undefined : initialState(rule)))
  return { birth: 0, epoch: 0, now: 0, at: 0, standings: [], states, held: new Map(), restoring: undefined }
}

/** Adds charges made at `now`, and remembers where they went when they belong to a lease. */
export function addCharges(set: RuleSet, share: OwnShare, now: Micros, { costs, lease }: OwnCall): void {
  const { rules, leaseTime } = set
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index] as Rule
    const state = share.states[index]
    const cost = costs[index] as number
    if (rule.kind === 'lease' || state === undefined || (cost === 0 && lease === undefined)) continue
    share.states[index] = charge(rule, state, now, { units: cost, open: share.held.size > 0 })
  }
  if (lease === undefined) return
  for (const [id, held] of share.held) if (held.until <= now) share.held.delete(id)
  share.held.set(lease, { refs: refsOf(set, share, now), until: now + leaseTime, birth: share.birth })
}

function refsOf({ rules }: RuleSet, share: OwnShare, now: Micros): readonly ChargeRef[] {
  return rules.map((rule, index) => {
    const state = share.states[index]
    return rule.kind === 'lease' || state === undefined ? 0 : chargeRef(rule, state, now)
  })
}

/** A call of this process. */
export interface OwnCall {
  readonly costs: readonly number[]
  readonly lease: string | undefined
}

/** Amends the charges of a reservation that was settled at `now`. */
export function settleOwn({ rules }: RuleSet, share: OwnShare, now: Micros, { lease, deltas }: OwnSettlement): void {
  const held = share.held.get(lease)
  if (held === undefined) return
  share.held.delete(lease)
  for (const [index, rule] of rules.entries()) {
    const state = share.states[index]
    const delta = deltas[index] as number
    if (rule.kind === 'lease' || state === undefined || delta === 0) continue
    share.states[index] = amend(rule, state, now, { ref: held.refs[index] as number, delta })
  }
}

/** A settlement, as far as the share is concerned. */
export interface OwnSettlement {
  readonly lease: string
  readonly deltas: readonly number[]
}

/** Notes that a reservation was renewed at `now`. */
export function renewOwn({ leaseTime }: RuleSet, share: OwnShare, now: Micros, lease: string): void {
  const held = share.held.get(lease)
  if (held !== undefined) share.held.set(lease, { ...held, until: now + leaseTime })
}

/** Per rule, the units of this process that still count at `now`. */
export function ownUnits({ rules }: RuleSet, share: OwnShare, now: Micros): readonly number[] {
  return rules.map((rule, index) => {
    const state = share.states[index]
    return rule.kind === 'lease' || state === undefined ? 0 : unitsIn(rule, state, now)
  })
}

/** From when on, in the subject's time, nothing of the share counts any more. */
export function shareSpentAt({ rules }: RuleSet, share: OwnShare): Micros {
  let latest = share.now
  for (const { until } of share.held.values()) if (until > latest) latest = until
  for (let index = 0; index < rules.length; index++) {
    const state = share.states[index]
    if (state === undefined) continue
    const spent = spentAt(rules[index] as CountingRule, state)
    if (spent > latest) latest = spent
  }
  return latest
}
