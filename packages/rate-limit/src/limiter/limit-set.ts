/** The limits of one kind of subject: users, keys, addresses. */
import { createHash } from 'node:crypto'
import { type Clock, type Duration, InvalidOption, parseDuration, type Random } from '@granary/core'
import { RateLimitExceeded, RateLimiterClosed, RateLimitUnavailable } from '../errors.ts'
import type { Operation, Outcome } from '../rule/operation.ts'
import type { RuleSet } from '../rule/subject.ts'
import type { Decided, Store, Target } from '../store/store.ts'
import { StoreFailure } from '../store/store-failure.ts'
import { readCosts } from './costs.ts'
import type { Admitted, Decision, Refused } from './decision.ts'
import { decisionOf, listedDecision } from './judging.ts'
import type { Limit } from './limit.ts'
import { LEASE_ID_BYTES, type ResolvedLimitSet } from './options.ts'
import type { Refusals } from './refusals.ts'
import { type Costs, type Reservation, reservationOf } from './reservation.ts'
import { type PlanLimits, planRules } from './rules.ts'

/** What a limit set gets of its limiter. */
export interface LimitSetParts {
  readonly clock: Clock
  readonly random: Random
  readonly store: Store
  readonly refusals: Refusals
  /** What stands before the subject in a key. */
  readonly prefix: string
  /** Digests secret subjects; undefined when they are none. */
  readonly digest: ((subject: string) => string) | undefined
  readonly isClosed: () => boolean
  readonly onRefused: (decision: Refused) => void
}

/** How {@link LimitSet.run} counts. */
export interface RunOptions<Name extends string, T> {
  /** What the call is expected to cost. */
  readonly costs?: Costs<Name>
  /** What it did cost, once its result is there. */
  readonly settle?: (result: T) => Costs<Name>
}

/** See the top of the file. Made by `limiter.define`. */
export class LimitSet<Name extends string = string> {
  readonly name: string
  /** The limits, by name, as they were declared. */
  readonly limits: Readonly<Record<Name, Limit>>
  readonly #resolved: ResolvedLimitSet
  readonly #parts: LimitSetParts
  readonly #holds: boolean
  readonly #plans = new WeakMap<object, RuleSet>()

  constructor(resolved: ResolvedLimitSet, parts: LimitSetParts) {
    this.name = resolved.name
    this.limits = Object.freeze(
      Object.fromEntries(resolved.names.map((name, index) => [name, resolved.limits[index]])),
    ) as Readonly<Record<Name, Limit>>
    this.#resolved = resolved
    this.#parts = parts
    this.#holds = resolved.set.rules.some(({ kind }) => kind === 'lease')
  }

  /**
   * Decides a call, and counts it if every limit admits it. Each limit on requests costs 1, on other units 0, unless said.
   *
   * @throws InvalidOption for bad costs, and for sets with a `concurrency`, whose places must be given back: use {@link reserve} or {@link run}.
   * @throws RateLimitUnavailable when Redis is away and the set is `closed`.
   */
  async check(subject: string, costs?: Costs<Name>): Promise<Decision<Name>> {
    if (this.#holds)
      throw new InvalidOption(
        `check of '${this.name}'`,
        'concurrency',
        'its places must be given back: use run() or reserve()',
      )
    return this.#decide(subject, { kind: 'check', costs: this.#read(costs) })
  }

  /** Says what {@link check} would, and counts nothing. `remaining` is what is left before the call. */
  async peek(subject: string, costs?: Costs<Name>): Promise<Decision<Name>> {
    return this.#decide(subject, { kind: 'peek', costs: this.#read(costs) })
  }

  /**
   * Decides and counts a call whose true cost is known later, or that holds a place. Settle or cancel it; what is not settled
   * in time counts as reserved, and its place is free again.
   *
   * @throws RateLimitUnavailable when Redis is away and the set is `closed`.
   */
  async reserve(subject: string, costs?: Costs<Name>): Promise<Reservation<Name> | Refused<Name>> {
    const read = this.#read(costs)
    const lease = Buffer.from(this.#parts.random.bytes(LEASE_ID_BYTES)).toString('base64url')
    let refs: readonly number[] = []
    const decision = await this.#decide(subject, { kind: 'reserve', costs: read, lease }, (outcome) => {
      refs = outcome.standings.map(({ ref }) => ref)
    })
    if (!decision.ok) return decision
    const settle = (deltas: readonly number[]) => this.#settle(subject, { lease, deltas, refs })
    const renew = () => this.#renew(subject, lease)
    const listed = decision.reason === 'allowed'
    return reservationOf(decision as Admitted, {
      lease,
      costs: read,
      refs,
      read: (actual) => readCosts(this.#resolved, actual, read),
      settle: listed ? async () => true : settle,
      renew: listed ? async () => true : renew,
    }) as Reservation<Name>
  }

  /**
   * Runs `body` within the limits: its place is renewed while it runs, and given back when it ends. What it throws passes
   * through; its cost then stands as it was reserved.
   *
   * @throws RateLimitExceeded when the call is refused.
   * @throws RateLimitUnavailable when Redis is away and the set is `closed`.
   */
  async run<T>(
    subject: string,
    body: (reservation: Reservation<Name>) => Promise<T> | T,
    options: RunOptions<Name, T> = {},
  ): Promise<T> {
    const reservation = await this.reserve(subject, options.costs)
    if (!reservation.ok) throw new RateLimitExceeded(reservation)
    const stop = this.#keep(reservation)
    let actual: Costs<Name> | undefined
    try {
      const result = await body(reservation)
      actual = options.settle?.(result)
      return result
    } finally {
      stop()
      await reservation.settle(actual)
    }
  }

  /**
   * Forgets everything about a subject: what it used, its blocks, its places.
   *
   * @throws RateLimitUnavailable when Redis is away.
   */
  async reset(subject: string): Promise<void> {
    const target = await this.#target(subject)
    this.#parts.refusals.forget(target.key)
    try {
      await this.#parts.store.reset(target)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  /**
   * Refuses every call of a subject from now on, for a time.
   *
   * @throws RateLimitUnavailable when Redis is away; this process refuses all the same.
   */
  async block(subject: string, length: Duration): Promise<void> {
    await this.#block(subject, parseDuration(length, 'block') * 1000)
  }

  /** Ends a block, whether `block` or a penalty made it. */
  async unblock(subject: string): Promise<void> {
    await this.#block(subject, 0)
  }

  async #block(subject: string, length: number): Promise<void> {
    const target = await this.#target(subject)
    this.#parts.refusals.forget(target.key)
    await this.#apply(target, { kind: 'block', length })
  }

  async #decide(
    subject: string,
    operation: Operation & { readonly costs: readonly number[] },
    onAdmitted?: (outcome: Outcome) => void,
  ): Promise<Decision<Name>> {
    const { clock, refusals } = this.#parts
    const { isDenied, isAllowed, plan } = this.#resolved
    if (isDenied(subject))
      return this.#refused(listedDecision(this.name, subject, { allowed: false, at: clock.wall() }))
    if (isAllowed(subject)) {
      return listedDecision(this.name, subject, { allowed: true, at: clock.wall() }) as Decision<Name>
    }
    const target = plan === undefined ? this.#plainTarget(subject) : await this.#target(subject)
    const judged = { subject, rules: target.set.rules }
    const remembered = operation.kind === 'peek' ? undefined : refusals.find(target.key, operation.costs)
    if (remembered !== undefined)
      return this.#refused(decisionOf(this.#resolved, { ...judged, outcome: remembered, source: 'remembered' }))
    const { outcome, source } = await this.#apply(target, operation)
    const decision = decisionOf(this.#resolved, { ...judged, outcome, source })
    if (decision.ok) {
      onAdmitted?.(outcome)
      return decision as Decision<Name>
    }
    // A refusal that counts as a strike has to be counted each time.
    const isCounted = this.#resolved.set.penalty !== undefined && outcome.blockedFor === 0
    if (source === 'redis' && operation.kind !== 'peek' && !isCounted)
      refusals.add(target.key, outcome, operation.costs)
    return this.#refused(decision)
  }

  #refused(decision: Decision): Decision<Name> {
    this.#parts.onRefused(decision as Refused)
    return decision as Decision<Name>
  }

  async #settle(
    subject: string,
    settlement: { lease: string; deltas: readonly number[]; refs: readonly number[] },
  ): Promise<boolean> {
    const target = this.#plainTarget(subject)
    this.#parts.refusals.forget(target.key)
    const { outcome } = await this.#apply(target, { kind: 'settle', ...settlement })
    return outcome.done
  }

  async #renew(subject: string, lease: string): Promise<boolean> {
    const { outcome } = await this.#apply(await this.#target(subject), { kind: 'renew', lease })
    return outcome.done
  }

  /** Renews a reservation from time to time, until the function it returns is called. */
  #keep(reservation: Reservation<Name>): () => void {
    const pause = this.#resolved.set.leaseTime / 3_000
    let cancel = () => {}
    const next = () => {
      cancel = this.#parts.clock.schedule(pause, () => {
        void reservation.renew().catch(() => false)
        next()
      })
    }
    next()
    return () => cancel()
  }

  async #apply(target: Target, operation: Operation): Promise<Decided> {
    if (this.#parts.isClosed()) throw new RateLimiterClosed(this.name)
    try {
      return await this.#parts.store.apply(target, operation)
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #failure(error: unknown): unknown {
    return error instanceof StoreFailure ? new RateLimitUnavailable(this.name, error) : error
  }

  async #target(subject: string): Promise<Target> {
    const plan = await this.#resolved.plan?.(subject)
    return plan === undefined ? this.#plainTarget(subject) : { ...this.#plainTarget(subject), set: this.#planned(plan) }
  }

  #plainTarget(subject: string): Target {
    const { set, script, plan, deadline, onFailure } = this.#resolved
    return { key: this.#keyOf(subject), set, script, planned: plan !== undefined, deadline, onFailure }
  }

  #planned(plan: PlanLimits<string>): RuleSet {
    const known = this.#plans.get(plan)
    if (known !== undefined) return known
    const set = planRules(this.#resolved.set, this.#resolved.names, plan)
    this.#plans.set(plan, set)
    return set
  }

  #keyOf(subject: string): string {
    if (typeof subject !== 'string' || subject === '')
      throw new InvalidOption('subject', subject, 'it is a text that is not empty')
    const { prefix, digest } = this.#parts
    if (digest !== undefined) return prefix + digest(subject)
    return (
      prefix + (subject.length <= LONGEST_SUBJECT ? subject : createHash('sha256').update(subject).digest('base64url'))
    )
  }

  #read(costs: Costs<Name> | undefined): readonly number[] {
    return readCosts(this.#resolved, costs)
  }
}

/** Longer subjects are digested, so that keys stay short. */
const LONGEST_SUBJECT = 200
