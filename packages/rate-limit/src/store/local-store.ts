/**
 * Decisions of this process alone while Redis is away. It starts from what it last heard: of the units that were left then,
 * its part; once a window has passed, its part of the limit. All that is admitted is kept for the hand-over.
 */
import type { Clock } from '@granary/core'
import { applyOperation, type Operation, type Outcome } from '../rule/operation.ts'
import { type CountingRule, charge } from '../rule/rule.ts'
import { forgettableAt, type RuleSet, type SubjectState, unknownSubject } from '../rule/subject.ts'
import type { Micros } from '../rule/verdict.ts'
import { ExpiringMap } from './expiring-map.ts'
import type { OwnShare } from './own-share.ts'
import type { Place } from './peers.ts'
import { partOf, scaleRules, spreadOf } from './scale.ts'
import type { Target } from './store.ts'

/** Bounds of a {@link LocalStore}. */
export interface LocalStoreOptions {
  readonly clock: Clock
  readonly maxSubjects: number
}

/** What is known when a local decision is made. */
export interface LocalView {
  readonly place: Place
  /** The server's time, as far as it is known. */
  readonly near: Micros
  readonly share: OwnShare | undefined
}

/** Applies operations to this process's part of the limits. */
export class LocalStore {
  readonly #clock: Clock
  readonly #subjects: ExpiringMap<SubjectState>

  constructor({ clock, maxSubjects }: LocalStoreOptions) {
    this.#clock = clock
    this.#subjects = new ExpiringMap({ clock, capacity: maxSubjects })
  }

  /** Applies an operation to this process's part of the limits. */
  apply({ key, set }: Target, operation: Operation, view: LocalView): Outcome {
    const part = scaleRules(set, view.place, spreadOf(key))
    const known = this.#subjects.get(key)
    const before = known ?? begin(part, set, key, view)
    const { subject, outcome } = applyOperation(part, before, Math.max(view.near, before.last, 1), operation)
    if (subject !== before || known === undefined) {
      const left = (forgettableAt(part, subject) - outcome.now) / 1000
      this.#subjects.set(key, subject, this.#clock.now() + left)
    }
    return outcome
  }

  /** Forgets one subject, or all: Redis decides again. */
  reset(key?: string): void {
    if (key === undefined) this.#subjects.clear()
    else this.#subjects.delete(key)
  }
}

/**
 * A subject as it stands when Redis has just been lost: as much of this process's part is used as leaves its part of the
 * units that were left. It counts as used at the time of that reading, so it leaves the window when what it stands for does.
 */
function begin(part: RuleSet, whole: RuleSet, key: string, { place, share }: LocalView): SubjectState {
  const subject = unknownSubject(part)
  if (share === undefined || share.standings.length === 0) return subject
  const spread = spreadOf(key)
  const states = part.rules.map((rule, index) => {
    const state = subject.states[index]
    if (rule.kind === 'lease' || state === undefined) return undefined
    const left = partOf(share.standings[index]?.remaining ?? limitOf(whole.rules[index] as CountingRule), place, spread)
    const used = Math.max(0, limitOf(rule) - left)
    return used > 0 ? charge(rule, state, share.now, { units: used, open: false }) : state
  })
  const leases = [...share.held].map(([id, { until }]) => ({ id, until })).sort((one, other) => one.until - other.until)
  return { ...subject, last: share.now, states, leases }
}

function limitOf(rule: CountingRule): number {
  return rule.kind === 'bucket' ? rule.burst : rule.limit
}
