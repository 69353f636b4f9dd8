/**
 * Redis while it answers, this process while it does not, and the way there and back: on losing Redis, local decisions start
 * from what was last heard; on its return it is told what was admitted meanwhile, and only then decides again.
 */
import type { Clock, Random, RedisLike } from '@granary/core'
import type { Operation, Outcome } from '../rule/operation.ts'
import type { ChargeRef } from '../rule/rule.ts'
import type { Micros } from '../rule/verdict.ts'
import { ExpiringMap } from './expiring-map.ts'
import { HandOver, type Pending } from './hand-over.ts'
import { type Line, Link } from './link.ts'
import { LocalStore } from './local-store.ts'
import { Heartbeat, type Place } from './peers.ts'
import { RedisStore } from './redis-store.ts'
import type { Decided, Store, Target } from './store.ts'
import { StoreFailure } from './store-failure.ts'

/** What a {@link FailoverStore} needs. */
export interface FailoverStoreOptions {
  readonly clock: Clock
  readonly random: Random
  readonly makeClient: () => Promise<RedisLike>
  /** The key of the heartbeat, and this process's name in it. */
  readonly peersKey: string
  readonly member: string
  readonly replicas: number
  readonly maxSubjects: number
  readonly onLost: (cause: StoreFailure) => void
  /** Gets the number of subjects and settlements that Redis was told of. */
  readonly onReturned: (handedOver: number) => void
}

/** How the store is. */
export interface StoreHealth {
  readonly open: boolean
  readonly place: Place
  /** Subjects and settlements that Redis has to be told of. */
  readonly waiting: number
  /** Those that were forgotten because there were too many. */
  readonly dropped: number
}

/** Milliseconds for commands that nobody waits for. */
const PATIENCE = 1_000
/** Messages of a hand-over that are in flight together. */
const CHUNK = 256
/** Milliseconds after a missed deadline until Redis is told: by then its own reply has come, or will not come. */
const SOON = 200

/** The store of a rate limiter with Redis. */
export class FailoverStore implements Store {
  readonly #options: FailoverStoreOptions
  readonly #redis: RedisStore
  readonly #local: LocalStore
  readonly #handOver: HandOver
  /** Where the charges of reservations are that Redis took over. */
  readonly #adopted: ExpiringMap<readonly ChargeRef[]>
  /** How to take back what was decided here, when Redis turns out to have counted it too. */
  readonly #takeBacks = new WeakMap<Operation, () => void>()
  readonly #heartbeat: Heartbeat
  readonly #link: Link
  #handedOver = 0
  #flushing = false

  constructor(options: FailoverStoreOptions) {
    const { clock, random, makeClient, maxSubjects, peersKey, member, replicas } = options
    this.#options = options
    const onLate = (operation: Operation) => this.#takeBacks.get(operation)?.()
    this.#redis = new RedisStore({ clock, maxSubjects, onLate })
    this.#local = new LocalStore({ clock, maxSubjects })
    this.#handOver = new HandOver(maxSubjects)
    this.#adopted = new ExpiringMap({ clock, capacity: maxSubjects })
    this.#heartbeat = new Heartbeat({ clock, key: peersKey, member, assumed: replicas })
    this.#link = new Link({
      clock,
      random,
      makeClient,
      onConnected: (line) => this.#prepare(line),
      onOpen: () => this.#opened(),
      onLost: (cause) => {
        this.#heartbeat.stop()
        options.onLost(cause)
      },
    })
  }

  get health(): StoreHealth {
    const { size, dropped } = this.#handOver
    return { open: this.#link.isOpen, place: this.#heartbeat.place, waiting: size, dropped }
  }

  /** Resolves to whether Redis is in use, after the first attempt to reach it. */
  async ready(): Promise<boolean> {
    await this.#link.firstAttempt()
    return this.#link.isOpen
  }

  /** Applies an operation; rejects with {@link StoreFailure} where the target's policy is `closed`, and for `block`. */
  async apply(target: Target, operation: Operation): Promise<Decided> {
    if (operation.kind === 'settle') return this.#settle(target, operation)
    if (operation.kind === 'reset') {
      this.#local.reset(target.key)
      this.#handOver.forget(target)
    }
    try {
      return { outcome: await this.#redis.apply(this.#link, target, operation), source: 'redis' }
    } catch (error) {
      return { outcome: this.#without(target, operation, StoreFailure.from(error)), source: 'local' }
    }
  }

  /** Leaves: tells the others, and closes the connection. */
  async close(): Promise<void> {
    this.#heartbeat.stop()
    if (this.#link.isOpen) {
      await this.#flush(this.#link).catch(() => {})
      await this.#heartbeat.leave(this.#link, PATIENCE).catch(() => {})
    }
    this.#link.close()
    this.#redis.close()
    this.#local.reset()
    this.#handOver.clear()
    this.#adopted.clear()
  }

  /** Decides without Redis. */
  #without(target: Target, operation: Operation, cause: StoreFailure): Outcome {
    if (operation.kind === 'block' || operation.kind === 'reset') {
      this.#decide(target, operation)
      throw cause
    }
    if (operation.kind === 'renew') return this.#decide(target, operation)
    if (target.onFailure === 'closed') throw cause
    const asked = target.onFailure === 'open' ? admitting(operation) : operation
    const outcome = this.#decide(target, asked)
    if (outcome.done) this.#note(target, operation)
    return outcome
  }

  #decide(target: Target, operation: Operation): Outcome {
    const view = { place: this.#heartbeat.place, near: this.#timeOf(target), share: this.#redis.shareOf(target.key) }
    return this.#local.apply(target, operation, view)
  }

  /** The subject's time, as far as it is known. */
  #timeOf({ key }: Target): Micros {
    const share = this.#redis.shareOf(key)
    return share === undefined ? this.#redis.near : this.#redis.timeOf(share)
  }

  /** Keeps an admission for the hand-over. */
  #note(target: Target, operation: Operation): void {
    if (this.#link.isOpen) this.#flushSoon()
    if (operation.kind === 'check') {
      const takeBack = this.#handOver.add(target, this.#timeOf(target), operation.costs)
      this.#takeBacks.set(operation, takeBack)
    } else if (operation.kind === 'reserve') {
      const { lease, costs } = operation
      const until = () => this.#options.clock.now() + target.set.leaseTime / 1000
      const onAdopted = ({ standings }: Outcome) =>
        this.#adopted.set(
          lease,
          standings.map(({ ref }) => ref),
          until(),
        )
      this.#handOver.reserve(target, { lease, costs, onAdopted })
    }
  }

  async #settle(target: Target, operation: Extract<Operation, { kind: 'settle' }>): Promise<Decided> {
    if (this.#handOver.settle(target, this.#timeOf(target), operation)) {
      return { outcome: this.#decide(target, operation), source: 'local' }
    }
    const current = () => {
      const refs = this.#adopted.get(operation.lease)
      return refs === undefined ? operation : { ...operation, refs }
    }
    try {
      return { outcome: await this.#redis.apply(this.#link, target, current()), source: 'redis' }
    } catch {
      this.#handOver.settleLater(target, operation.lease, current)
      // Frees the place here; the charges are not in this process's part.
      this.#decide(target, { ...operation, deltas: operation.deltas.map(() => 0) })
      if (this.#link.isOpen) this.#flushSoon()
      return { outcome: { done: true, now: this.#redis.near, blockedFor: 0, standings: [] }, source: 'local' }
    }
  }

  /** On a new connection: this process's place among its peers, then everything that Redis has missed. */
  async #prepare(line: Line): Promise<void> {
    await this.#heartbeat.beat(line, PATIENCE)
    this.#handedOver = this.#handOver.size
    await this.#flush(line)
  }

  #opened(): void {
    this.#local.reset()
    this.#heartbeat.start(this.#link, PATIENCE)
    if (this.#handOver.size > 0) this.#flushSoon()
    this.#options.onReturned(this.#handedOver)
  }

  /** Tells Redis in a moment, and again as long as it takes and there is a connection. */
  #flushSoon(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#options.clock.schedule(SOON, () => {
      const flushed = this.#link.isOpen ? this.#flush(this.#link) : Promise.resolve()
      flushed
        .catch(() => {})
        .finally(() => {
          this.#flushing = false
          if (this.#link.isOpen && this.#handOver.size > 0) this.#flushSoon()
        })
    })
  }

  async #flush(line: Line): Promise<void> {
    while (this.#handOver.size > 0) {
      const pending = this.#handOver.take((target) => this.#timeOf(target))
      for (let from = 0; from < pending.length; from += CHUNK) {
        const chunk = pending.slice(from, from + CHUNK)
        const sent = await Promise.allSettled(chunk.map((message) => this.#tell(line, message)))
        const failed = chunk.filter((_, index) => sent[index]?.status === 'rejected')
        if (failed.length === 0) continue
        for (const message of [...failed, ...pending.slice(from + CHUNK)]) message.putBack()
        throw (sent.find(({ status }) => status === 'rejected') as PromiseRejectedResult).reason
      }
    }
  }

  async #tell(line: Line, { target, operation, onDone }: Pending): Promise<void> {
    try {
      onDone(await this.#redis.apply(line, { ...target, deadline: PATIENCE }, operation()))
      this.#local.reset(target.key)
    } catch (error) {
      // Another program's value under the key would fail for ever, and must not keep all others waiting.
      if (!StoreFailure.from(error).isForeign) throw error
    }
  }
}

/** The same, whatever the limits say. */
function admitting(operation: Operation): Operation {
  if (operation.kind === 'check') return { kind: 'debit', costs: operation.costs, lease: undefined }
  return operation.kind === 'reserve' ? { ...operation, kind: 'debit' } : operation
}
