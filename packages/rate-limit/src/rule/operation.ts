/** What can be done to a subject, and what comes of it: the one vocabulary of the memory store, the script and its reply. */

import { judgeLease, liveLeases } from './leases.ts'
import type { ChargeRef, CountingRule, RuleState } from './rule.ts'
import { judge, unitsIn } from './rule.ts'
import { readClock } from './server-clock.ts'
import {
  blockSubject,
  chargeCall,
  chargeRefs,
  judgeCall,
  type RuleSet,
  refuseCall,
  renewLease,
  type Settlement,
  type SubjectState,
  settleCall,
  unknownSubject,
} from './subject.ts'
import type { Micros, Verdict } from './verdict.ts'

/** Something to do to a subject. Costs and deltas stand in the order of the rules. */
export type Operation =
  /** Charges when every rule admits; with a lease, so that the charges can be settled. */
  | { readonly kind: 'check' | 'peek'; readonly costs: readonly number[] }
  | { readonly kind: 'reserve'; readonly costs: readonly number[]; readonly lease: string }
  /** Charges whatever the rules say; with a lease when one is named. */
  | { readonly kind: 'debit'; readonly costs: readonly number[]; readonly lease: string | undefined }
  /** Charges what a process has used itself: all of it to a subject of another birth, else what is missing from the count. */
  | { readonly kind: 'restore'; readonly costs: readonly number[]; readonly birth: number }
  | ({ readonly kind: 'settle' } & Settlement)
  | { readonly kind: 'renew'; readonly lease: string }
  /** Refuses everything for a time; 0 ends that. */
  | { readonly kind: 'block'; readonly length: Micros }
  /** Forgets everything but the time. */
  | { readonly kind: 'reset' }

/** How one rule stands after an operation. */
export interface Standing {
  readonly remaining: number
  /** Microseconds until the refused cost fits, {@link NEVER}, or 0. */
  readonly retry: Micros
  readonly reset: Micros
  /** Where the charge went, for reservations and debits with a lease. */
  readonly ref: ChargeRef
}

/** What came of an operation. */
export interface Outcome {
  /** Whether it was done: admitted, settled, renewed. */
  readonly done: boolean
  readonly now: Micros
  /** Microseconds for which every call is refused. */
  readonly blockedFor: Micros
  /** One per rule, for operations that charge; else empty. */
  readonly standings: readonly Standing[]
}

/** A subject after an operation, and what came of it. The very same subject means that nothing changed. */
export interface Applied {
  readonly subject: SubjectState
  readonly outcome: Outcome
}

/** Does `operation` to `subject` when the server's time is `at`. */
export function applyOperation(set: RuleSet, subject: SubjectState, at: Micros, operation: Operation): Applied {
  switch (operation.kind) {
    case 'check':
    case 'peek':
    case 'reserve':
      return decide(set, subject, at, operation)
    case 'debit':
      return recorded(
        set,
        chargeCall(set, subject, readClock(subject, at), withLease(operation)),
        operation.lease !== undefined,
      )
    case 'restore': {
      const reading = readClock(subject, at)
      const costs = operation.costs.map((cost, index) => cost - unitsOf(set, subject, index, reading.now))
      return recorded(set, chargeCall(set, subject, reading, { costs }), false)
    }
    case 'settle':
      return changed(subject, at, settleCall(set, subject, at, operation))
    case 'renew':
      return changed(subject, at, renewLease(set, subject, at, operation.lease))
    case 'block':
      return changed(subject, at, blockSubject(set, subject, at, operation.length))
    case 'reset': {
      const { now, ahead } = readClock(subject, at)
      return changed(subject, at, { ...unknownSubject(set), last: now, ahead })
    }
  }
}

type Deciding = Extract<Operation, { kind: 'check' | 'peek' | 'reserve' }>

function decide(set: RuleSet, subject: SubjectState, at: Micros, operation: Deciding): Applied {
  const judgement = judgeCall(set, subject, at, operation.costs)
  const { ok, now, verdicts } = judgement
  if (!ok) {
    const refused = operation.kind === 'peek' ? subject : refuseCall(set, subject, judgement)
    const blockedFor = Math.max(0, refused.blocked - now)
    return { subject: refused, outcome: { done: false, now, blockedFor, standings: verdicts.map(asStanding) } }
  }
  if (operation.kind === 'peek') {
    return { subject, outcome: { done: true, now, blockedFor: 0, standings: verdicts.map(asStanding) } }
  }
  const isReservation = operation.kind === 'reserve'
  return recorded(set, chargeCall(set, subject, judgement, operation), isReservation)
}

/** The outcome of a charge: how each rule stands after it. */
function recorded(set: RuleSet, subject: SubjectState, withRefs: boolean): Applied {
  const now = subject.last
  const refs = withRefs ? chargeRefs(set, subject) : undefined
  const standings = set.rules.map((rule, index) => {
    const verdict =
      rule.kind === 'lease'
        ? judgeLease(rule, liveLeases(subject.leases, now), now, 0)
        : judge(rule, subject.states[index] as RuleState, now, 0)
    return { ...asStanding(verdict), retry: 0, ref: refs?.[index] ?? 0 }
  })
  return { subject, outcome: { done: true, now, blockedFor: 0, standings } }
}

function changed(before: SubjectState, at: Micros, after: SubjectState | undefined): Applied {
  const now = after?.last ?? readClock(before, at).now
  return { subject: after ?? before, outcome: { done: after !== undefined, now, blockedFor: 0, standings: [] } }
}

function unitsOf({ rules }: RuleSet, subject: SubjectState, index: number, now: Micros): number {
  const state = subject.states[index]
  return state === undefined ? 0 : unitsIn(rules[index] as CountingRule, state, now)
}

function withLease({ costs, lease }: Extract<Operation, { kind: 'debit' }>) {
  return lease === undefined ? { costs } : { costs, lease }
}

function asStanding({ remaining, retry, reset }: Verdict): Standing {
  return { remaining, retry, reset, ref: 0 }
}
