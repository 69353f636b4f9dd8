import { NameTaken } from '@granary/core'
import type { StoreHealth } from '../store/failover-store.ts'
import type { RateLimiterEvent, RateLimiterEventOf, RateLimiterEvents } from './events.ts'
import type { LimitSet } from './limit-set.ts'
import type { LimitSetOptions } from './options.ts'
import { type JointCall, type JointRefusal, type JointReservation, reserveJointly } from './together.ts'

/** How a rate limiter is. */
export interface RateLimiterHealth {
  /** `memory`: no Redis is configured. `redis`: it decides. `local`: it should, and does not. */
  readonly state: 'memory' | 'redis' | 'local'
  /** Processes that share the limits, as far as is known. */
  readonly peers: number
  /** Subjects whose use Redis has to be told of when it is back. */
  readonly waiting: number
  /** Those of them that were forgotten because there were too many. */
  readonly dropped: number
}

/** What a {@link RateLimiter} is made of. */
export interface RateLimiterParts {
  readonly namespace: string
  readonly events: RateLimiterEvents
  readonly makeSet: (name: string, options: LimitSetOptions) => LimitSet
  readonly health: () => StoreHealth | undefined
  readonly ready: () => Promise<void>
  readonly close: () => Promise<void>
}

interface Definition {
  readonly options: LimitSetOptions
  readonly set: LimitSet
}

/** Limit sets that share a Redis, or this process's memory. Made by `createRateLimiter`. */
export class RateLimiter {
  readonly namespace: string
  readonly #parts: RateLimiterParts
  readonly #definitions = new Map<string, Definition>()

  /** @internal Made by `createRateLimiter`. */
  constructor(parts: RateLimiterParts) {
    this.namespace = parts.namespace
    this.#parts = parts
  }

  /**
   * Defines a limit set. Defining it again with the same options object gives the same set.
   *
   * ```ts
   * const perUser = limiter.define('user', { limits: { minute: window(60, '1m'), day: quota(2_000, { every: 'day' }) } })
   * const decision = await perUser.check('user:7')
   * ```
   *
   * @throws InvalidOption naming the option that cannot be used.
   * @throws NameTaken when the name has other options; `replace: true` supersedes them.
   */
  define<Name extends string>(
    name: string,
    options: LimitSetOptions<Name>,
    { replace = false }: { readonly replace?: boolean } = {},
  ): LimitSet<Name> {
    const known = this.#definitions.get(name)
    if (known !== undefined && !replace) {
      if (known.options === (options as LimitSetOptions)) return known.set as unknown as LimitSet<Name>
      throw new NameTaken(name)
    }
    const set = this.#parts.makeSet(name, options as LimitSetOptions)
    this.#definitions.set(name, { options: options as LimitSetOptions, set })
    return set as unknown as LimitSet<Name>
  }

  /** The limit set of a name, if it is defined. */
  get(name: string): LimitSet | undefined {
    return this.#definitions.get(name)?.set
  }

  /** The names of all limit sets. */
  names(): string[] {
    return [...this.#definitions.keys()]
  }

  /**
   * Reserves a call with several subjects, such as a user, its team and everybody: all admit it or none is charged. They are
   * asked one after another, in the order given, and what earlier ones charged is taken back when a later one refuses; in
   * between they may refuse others for a round trip, but never admit too many. Put the one that refuses most often first.
   *
   * @throws RateLimitUnavailable when Redis is away and a set is `closed`.
   */
  reserveTogether(calls: readonly JointCall[]): Promise<JointReservation | JointRefusal> {
    return reserveJointly(calls)
  }

  /**
   * Calls `listener` for each event of one type; the returned function ends that.
   *
   * @throws InvalidOption for a type that no event has, or a listener that cannot be called.
   */
  on<Type extends RateLimiterEvent['type']>(
    type: Type,
    listener: (event: RateLimiterEventOf<Type>) => void,
  ): () => void {
    return this.#parts.events.on(type, listener)
  }

  /** How the limiter is now. */
  health(): RateLimiterHealth {
    const store = this.#parts.health()
    if (store === undefined) return { state: 'memory', peers: 1, waiting: 0, dropped: 0 }
    return {
      state: store.open ? 'redis' : 'local',
      peers: store.place.peers,
      waiting: store.waiting,
      dropped: store.dropped,
    }
  }

  /** Resolves when the first attempt to reach Redis has ended. Calls need not wait for it. */
  ready(): Promise<void> {
    return this.#parts.ready()
  }

  /** Tells Redis what it has to know, and closes the connection. Later calls reject with `RateLimiterClosed`. */
  close(): Promise<void> {
    return this.#parts.close()
  }
}
