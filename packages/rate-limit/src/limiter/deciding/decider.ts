/** The way of one call: lists, what was refused a moment ago, the plan, the store. */
import type { Clock, Random } from '@granary/core'
import { RateLimiterClosed, RateLimitUnavailable } from '../../errors.ts'
import type { Operation, Outcome } from '../../rule/operation.ts'
import type { RuleSet, Settlement } from '../../rule/subject.ts'
import type { Decided, Store, Target } from '../../store/store.ts'
import { StoreFailure } from '../../store/store-failure.ts'
import type { Decision, Refused } from '../decision.ts'
import type { ResolvedLimitSet } from '../options.ts'
import { type PlanLimits, planRules } from '../rules.ts'
import { decisionOf, listedDecision } from './judging.ts'
import type { Refusals } from './refusals.ts'
import { isSooner, MOST_ASKED, shardKey } from './shards.ts'

/** What a decider gets of its limiter. */
export interface DeciderParts {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly refusals: Refusals
  /** The key of a subject; throws for what is none. */
  readonly keyOf: (subject: string) => string
  /** The subject as decisions may show it: a digest, when it is a secret. */
  readonly shownAs: (subject: string) => string
  readonly isClosed: () => boolean
  readonly onRefused: (decision: Refused) => void
}

/** An operation that is decided. */
export type Deciding = Extract<Operation, { readonly kind: 'check' | 'peek' | 'reserve' }>

/** A charge that was admitted: where, by which limits, and what the store said of it. */
export interface Admission {
  readonly target: Target
  readonly outcome: Outcome
}

interface Attempt extends Admission {
  readonly source: Decision['source']
}

/** Decides for one limit set. */
export class Decider {
  readonly #resolved: ResolvedLimitSet
  readonly #parts: DeciderParts
  readonly #plans = new WeakMap<object, RuleSet>()
  #turn: number

  constructor(resolved: ResolvedLimitSet, parts: DeciderParts) {
    this.#resolved = resolved
    this.#parts = parts
    this.#turn = Math.floor(parts.random.next() * resolved.shards)
  }

  /** Decides an operation; `onAdmitted` hears of what was charged, so that it can be settled. */
  async decide(subject: string, operation: Deciding, onAdmitted?: (admission: Admission) => void): Promise<Decision> {
    const { plan, shards } = this.#resolved
    const listed = this.#listed(subject)
    if (listed !== undefined) return listed
    if (shards > 1) return this.#decideInShards(subject, operation, onAdmitted)
    const target = plan === undefined ? this.#plainTarget(subject) : await this.#target(subject)
    const remembered = operation.kind === 'peek' ? undefined : this.#parts.refusals.find(target, operation.costs)
    if (remembered !== undefined) return this.#refused(this.#read(target, subject, remembered, 'remembered'))
    // Not through #apply: this is the way of every call, and each promise on it costs.
    this.#checkOpen()
    let decided: Decided
    try {
      decided = await this.#parts.store.apply(target, operation)
    } catch (error) {
      throw this.#failure(error)
    }
    const { outcome, source } = decided
    const decision = this.#read(target, subject, outcome, source)
    if (decision.ok) {
      onAdmitted?.({ target, outcome })
      return decision
    }
    if (source === 'redis' && operation.kind !== 'peek') this.#remember(target, outcome, operation.costs)
    return this.#refused(decision)
  }

  /** Shards in turn, so that calls spread evenly, until one admits. */
  async #decideInShards(
    subject: string,
    operation: Deciding,
    onAdmitted?: (admission: Admission) => void,
  ): Promise<Decision> {
    const targets = this.#inTurn(await this.#targets(subject))
    let refused: Attempt | undefined
    let asked = 0
    for (const target of targets) {
      const attempt = await this.#attempt(target, operation)
      if (attempt.outcome.done) {
        onAdmitted?.(attempt)
        return this.#read(target, subject, attempt.outcome, attempt.source)
      }
      if (refused === undefined || isSooner(attempt.outcome, refused.outcome)) refused = attempt
      if (attempt.source !== 'remembered') asked += 1
      if (asked === MOST_ASKED) break
    }
    const { target, outcome, source } = refused as Attempt
    return this.#refused(this.#read(target, subject, outcome, source))
  }

  #inTurn(targets: readonly Target[]): readonly Target[] {
    this.#turn = (this.#turn + 1) % targets.length
    return [...targets.slice(this.#turn), ...targets.slice(0, this.#turn)]
  }

  async #attempt(target: Target, operation: Deciding): Promise<Attempt> {
    const isPeek = operation.kind === 'peek'
    const remembered = isPeek ? undefined : this.#parts.refusals.find(target, operation.costs)
    if (remembered !== undefined) return { target, outcome: remembered, source: 'remembered' }
    const { outcome, source } = await this.#apply(target, operation)
    if (!outcome.done && source === 'redis' && !isPeek) this.#remember(target, outcome, operation.costs)
    return { target, outcome, source }
  }

  /** Settles a reservation; resolves to whether it was open. */
  async settle(target: Target, settlement: Settlement): Promise<boolean> {
    this.#parts.refusals.forget(target.key)
    const { outcome } = await this.#apply(target, { kind: 'settle', ...settlement })
    return outcome.done
  }

  /**
   * Renews a lease by the limits that it was granted by; resolves to whether it holds. Nothing is asked first: a renewal that
   * waited for a plan could arrive after the lease was given back, and take it again for nobody.
   */
  async renew(target: Target, lease: string): Promise<boolean> {
    const { outcome } = await this.#apply(target, { kind: 'renew', lease })
    return outcome.done
  }

  /** Blocks a subject for so many microseconds; 0 ends a block. */
  async block(subject: string, length: number): Promise<void> {
    await this.#applyToAll(subject, { kind: 'block', length })
  }

  /** Forgets a subject. */
  async reset(subject: string): Promise<void> {
    await this.#applyToAll(subject, { kind: 'reset' })
  }

  async #applyToAll(subject: string, operation: Operation): Promise<void> {
    const targets = await this.#targets(subject)
    for (const { key } of targets) this.#parts.refusals.forget(key)
    await Promise.all(targets.map((target) => this.#apply(target, operation)))
  }

  #listed(subject: string): Decision | undefined {
    const { name, isDenied, isAllowed } = this.#resolved
    const allowed = !isDenied(subject)
    if (allowed && !isAllowed(subject)) return undefined
    const at = this.#parts.clock.wall()
    const decision = listedDecision(name, this.#parts.shownAs(subject), { allowed, at })
    return allowed ? decision : this.#refused(decision)
  }

  /** A refusal that counts as a strike has to be counted each time. */
  #remember(target: Target, outcome: Outcome, costs: readonly number[]): void {
    const isCounted = target.set.penalty !== undefined && outcome.blockedFor === 0
    if (!isCounted) this.#parts.refusals.add(target, outcome, costs)
  }

  #read(target: Target, subject: string, outcome: Outcome, source: Decision['source']): Decision {
    return decisionOf(this.#resolved, {
      subject: this.#parts.shownAs(subject),
      rules: target.set.rules,
      outcome,
      source,
    })
  }

  #refused(decision: Decision): Decision {
    this.#parts.onRefused(decision as Refused)
    return decision
  }

  async #apply(target: Target, operation: Operation) {
    this.#checkOpen()
    try {
      return await this.#parts.store.apply(target, operation)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #checkOpen(): void {
    if (this.#parts.isClosed()) throw new RateLimiterClosed(this.#resolved.name)
  }

  #failure(error: unknown): unknown {
    return error instanceof StoreFailure ? new RateLimitUnavailable(this.#resolved.name, error) : error
  }

  async #target(subject: string): Promise<Target> {
    const target = this.#plainTarget(subject)
    const plan = await this.#resolved.plan?.(subject)
    return plan === undefined ? target : { ...target, set: this.#planned(plan) }
  }

  /** The shards of a subject, each of which is asked and charged as a subject of its own. */
  async #targets(subject: string): Promise<readonly Target[]> {
    const target = await this.#target(subject)
    const { shards } = this.#resolved
    if (shards === 1) return [target]
    return Array.from({ length: shards }, (_, shard) => ({ ...target, key: shardKey(target.key, shard) }))
  }

  #plainTarget(subject: string): Target {
    const { set, script, plan, deadline, onFailure } = this.#resolved
    return { key: this.#parts.keyOf(subject), set, script, planned: plan !== undefined, deadline, onFailure }
  }

  /** A plan that is cached is the same object every time. */
  #planned(plan: PlanLimits<string>): RuleSet {
    const known = this.#plans.get(plan)
    if (known !== undefined) return known
    const set = planRules(this.#resolved.set, this.#resolved, plan)
    this.#plans.set(plan, set)
    return set
  }
}
