/** The limits of one kind of subject: users, keys, addresses. */
import { type Duration, InvalidOption, parseDuration } from '@granary/core'
import { RateLimitExceeded } from '../errors.ts'
import { readCosts } from './costs.ts'
import { type Admission, Decider, type DeciderParts } from './deciding/decider.ts'
import { askPatiently } from './deciding/patience.ts'
import type { Admitted, Decision, Refused } from './decision.ts'
import { type HeldStream, type HoldParts, type HoldStreamOptions, holdStream, holdWhile } from './holding.ts'
import type { Limit } from './limit.ts'
import { LEASE_ID_BYTES, type ResolvedLimitSet } from './options.ts'
import { type Costs, type Reservation, type ReservationWork, reservationOf } from './reservation.ts'

/** Whether a refused call waits. */
export interface WaitOptions {
  /** How long the call may wait in all until it is admitted. Default: not at all. */
  readonly maxWait?: Duration
}

const NO_WAIT: WaitOptions = {}

/** How {@link LimitSet.run} counts. */
export interface RunOptions<Name extends string, T> extends WaitOptions {
  /** What the call is expected to cost. */
  readonly costs?: Costs<Name>
  /** What it did cost, once its result is there. */
  readonly settle?: (result: T) => Costs<Name>
}

/** Decides and counts the calls of one kind of subject. Made by `limiter.define`. */
export class LimitSet<Name extends string = string> {
  readonly name: string
  /** The limits, by name, as they were declared. */
  readonly limits: Readonly<Record<Name, Limit>>
  readonly #resolved: ResolvedLimitSet
  readonly #parts: DeciderParts
  readonly #decider: Decider
  readonly #forPlace: boolean
  readonly #holding: HoldParts

  constructor(resolved: ResolvedLimitSet, parts: DeciderParts) {
    const { name, names, limits } = resolved
    this.name = name
    this.limits = Object.freeze(
      Object.fromEntries(names.map((limit, index) => [limit, limits[index]])),
    ) as typeof this.limits
    this.#resolved = resolved
    this.#parts = parts
    this.#decider = new Decider(resolved, parts)
    this.#holding = { clock: parts.clock, leaseTime: resolved.set.leaseTime }
    this.#forPlace = limits.some(({ kind }) => kind === 'concurrency')
  }

  /**
   * Decides a call, and counts it if every limit admits it. Each limit on requests costs 1, on other units 0, unless said.
   *
   * @throws InvalidOption for bad costs, and for sets with a `concurrency`, whose places must be given back: use
   * {@link reserve} or {@link run}.
   * @throws RateLimitUnavailable when Redis is away and the set is `closed`.
   */
  check(subject: string, costs?: Costs<Name>, { maxWait }: WaitOptions = NO_WAIT): Promise<Decision<Name>> {
    try {
      if (this.#forPlace) throw this.#misuse()
      const read = readCosts(this.#resolved, costs)
      const ask = () => this.#decider.decide(subject, { kind: 'check', costs: read })
      return (maxWait === undefined ? ask() : this.#patiently(ask, maxWait)) as Promise<Decision<Name>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Says what {@link check} would, and counts nothing. `remaining` is what is left before the call. */
  async peek(subject: string, costs?: Costs<Name>): Promise<Decision<Name>> {
    const decision = await this.#decider.decide(subject, { kind: 'peek', costs: readCosts(this.#resolved, costs) })
    return decision as Decision<Name>
  }

  /**
   * Decides and counts a call whose true cost is known later, or that holds a place. Settle or cancel it; what is not settled
   * in time counts as reserved, and its place is free again.
   *
   * @throws RateLimitUnavailable when Redis is away and the set is `closed`.
   */
  async reserve(
    subject: string,
    costs?: Costs<Name>,
    { maxWait }: WaitOptions = NO_WAIT,
  ): Promise<Reservation<Name> | Refused<Name>> {
    const read = readCosts(this.#resolved, costs)
    const ask = () => this.#reserve(subject, read)
    const made = await (maxWait === undefined ? ask() : this.#patiently(ask, maxWait))
    return made as Reservation<Name> | Refused<Name>
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
    const reservation = await this.reserve(subject, options.costs, options)
    if (!reservation.ok) throw new RateLimitExceeded(reservation)
    return this.hold(reservation, () => body(reservation), options.settle)
  }

  /** What {@link run} does with a reservation that is there already. */
  hold<T>(reservation: Reservation<Name>, body: () => Promise<T> | T, settle?: (result: T) => Costs<Name>): Promise<T> {
    return holdWhile(reservation, this.#holding, { body, settle })
  }

  /**
   * What {@link run} does, for an answer that comes piece by piece: `source`, with the reservation's place held until the last
   * piece, or until nobody reads on.
   *
   * ```ts
   * const stream = perKey.holdStream(reservation, model.stream(prompt), { settle: () => ({ tokens: meter.total }), signal })
   * for await (const piece of stream) response.write(piece)
   * ```
   */
  holdStream<T, R = unknown>(
    reservation: Reservation<Name>,
    source: AsyncIterable<T, R>,
    options: HoldStreamOptions<Name, R> = {},
  ): HeldStream<T, R> {
    return holdStream(reservation, this.#holding, { ...options, source })
  }

  /**
   * Forgets everything about a subject: what it used, its blocks, its places.
   *
   * @throws RateLimitUnavailable when Redis is away.
   */
  reset(subject: string): Promise<void> {
    return this.#decider.reset(subject)
  }

  /**
   * Refuses every call of a subject from now on, for a time.
   *
   * @throws RateLimitUnavailable when Redis is away; this process refuses all the same.
   */
  async block(subject: string, length: Duration): Promise<void> {
    await this.#decider.block(subject, parseDuration(length, 'block') * 1000)
  }

  /** Ends a block, whether `block` or a penalty made it. */
  async unblock(subject: string): Promise<void> {
    await this.#decider.block(subject, 0)
  }

  async #reserve(subject: string, costs: readonly number[]): Promise<Reservation | Refused> {
    const lease = Buffer.from(this.#parts.random.bytes(LEASE_ID_BYTES)).toString('base64url')
    let admission: Admission | undefined
    const onAdmitted = (admitted: Admission) => {
      admission = admitted
    }
    const decision = await this.#decider.decide(subject, { kind: 'reserve', costs, lease }, onAdmitted)
    if (!decision.ok) return decision
    return reservationOf(decision as Admitted, {
      costs,
      read: (actual) => readCosts(this.#resolved, actual, costs),
      ...this.#settling(lease, admission),
    })
  }

  /** How a reservation is settled and renewed; one of a subject on the allow list was never charged. */
  #settling(lease: string, admission: Admission | undefined): Pick<ReservationWork, 'settle' | 'renew'> {
    if (admission === undefined) return { settle: async () => true, renew: async () => true }
    const { target, outcome } = admission
    const refs = outcome.standings.map(({ ref }) => ref)
    return {
      settle: (deltas) => this.#decider.settle(target, { lease, deltas, refs }),
      renew: () => this.#decider.renew(target, lease),
    }
  }

  #misuse(): InvalidOption {
    const why = 'its places must be given back: use run() or reserve()'
    return new InvalidOption(`check of '${this.name}'`, 'concurrency', why)
  }

  #patiently<D extends Decision>(ask: () => Promise<D>, maxWait: Duration): Promise<D> {
    const { clock } = this.#parts
    return askPatiently(ask, { clock, maxWait: parseDuration(maxWait, 'maxWait'), forPlace: this.#forPlace })
  }
}
