import { checkCall, checkFunction } from './call-arguments.ts'
import type { Engine } from './engine/engine.ts'
import { type Answer, getOrSet, reload } from './engine/get-or-set.ts'
import { invalidate, type Receipt } from './engine/invalidate.ts'
import type { Landing } from './engine/landing.ts'
import { look } from './engine/look.ts'
import { lookInMemory } from './engine/lookup.ts'
import { getOrSetMany, type LoadMany } from './engine/many.ts'
import { MemoryHits } from './engine/memory-hits.ts'
import { addressesOf, type NameState, type Operation, planOperation } from './engine/operation.ts'
import { put, set } from './engine/put.ts'
import {
  lookInTransaction,
  readInTransaction,
  readManyInTransaction,
} from './engine/transaction/read-in-transaction.ts'
import { give } from './entry/stored-value.ts'
import { readPolicyOf, reportCall, scopesRun, transactionOf } from './flight/call-scope.ts'

const NOTHING = () => undefined

/**
 * The entries of one name: read, write and invalidate them under one policy. Obtained from `cache.define`.
 *
 * `self` is what option functions see as `this`.
 */
export class CachedName<A extends readonly unknown[] = readonly unknown[], V = unknown> {
  /** The cache that defined it; `isCache` narrows it. */
  readonly cache: object
  readonly name: string
  readonly #state: NameState
  readonly #engine: Engine
  readonly #hits: MemoryHits<A, V>

  /** @internal Made by `cache.define`. */
  constructor(cache: object, state: NameState) {
    this.cache = cache
    this.name = state.policy.name
    this.#state = state
    this.#engine = state.engine
    this.#hits = new MemoryHits(state)
  }

  /** A promise of the value when memory has it fresh, else undefined. Synchronous, and counted only as a hit. */
  hit(args: A, self?: unknown): Promise<V> | undefined {
    return this.#hits.hit(args, self)
  }

  /** What {@link CachedName.hit} says of a call with one argument, without a list of it. */
  hitOne(arg: unknown, self?: unknown): Promise<V> | undefined {
    return this.#hits.hitOne(arg, self)
  }

  /**
   * The value from the nearest tier, or from `loader`, which runs once for all who wait. Its error passes through untouched.
   *
   * @throws InvalidOption when `args` is no list, or `loader` no function.
   */
  getOrSet(args: A, loader: () => Promise<V> | V, self?: unknown): Promise<V> {
    try {
      checkCall(this.name, args, loader)
      return this.#hits.hit(args, self) ?? this.#getOrSet(args, loader, self)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #getOrSet(args: A, loader: () => Promise<V> | V, self: unknown): Promise<V> {
    const { engine } = this.#state
    const read = readPolicyOf(engine.owner)
    if (read === 'bypass' || this.#isOff(args, self)) return this.#bypass(loader)
    const op = planOperation(this.#state, args, loader, self)
    const handOut = (answer: Answer) => this.#account(op, answer) as V
    const transaction = transactionOf(engine.owner)
    if (transaction !== undefined) return readInTransaction(op, transaction).then(handOut)
    return read === 'refresh' ? reload(op).then(handOut) : getOrSet(op, handOut)
  }

  /** Many calls with one read and one load of what is missing; answers in the order of `argsList`. */
  async getOrSetMany(
    argsList: readonly A[],
    loadMany: (missing: readonly A[]) => Promise<readonly V[]>,
    self?: unknown,
  ): Promise<V[]> {
    checkCall(this.name, argsList, loadMany)
    const read = readPolicyOf(this.#engine.owner)
    const past = new Set(argsList.filter((args) => read === 'bypass' || this.#isOff(args, self)))
    if (past.size === 0) return this.#getOrSetMany(argsList, loadMany, self)
    const [direct, found] = await Promise.all([
      this.#bypass(() => loadMany(argsList.filter((args) => past.has(args)))),
      this.#getOrSetMany(
        argsList.filter((args) => !past.has(args)),
        loadMany,
        self,
      ),
    ])
    const [fromLoader, fromCache] = [direct.values(), found.values()]
    return argsList.map((args) => (past.has(args) ? fromLoader : fromCache).next().value as V)
  }

  async #getOrSetMany(
    argsList: readonly A[],
    loadMany: (missing: readonly A[]) => Promise<readonly V[]>,
    self: unknown,
  ): Promise<V[]> {
    if (argsList.length === 0) return []
    const ops: Operation[] = []
    const plan = (args: readonly unknown[], loader: () => unknown, onWaiting: () => void) => {
      const op = { ...planOperation(this.#state, args, loader, self), onWaiting }
      ops.push(op)
      return op
    }
    const load = loadMany as LoadMany
    const transaction = transactionOf(this.#engine.owner)
    const answers =
      transaction === undefined
        ? await getOrSetMany(plan, argsList, { name: this.name, loadMany: load })
        : await readManyInTransaction(
            argsList.map((args) => plan(args, NOTHING, NOTHING)),
            transaction,
            load,
          )
    return answers.map((answer, at) => this.#account(ops[at] as Operation, answer) as V)
  }

  /**
   * Runs a write and stores what it returns, fenced against other writers. The write's error passes through untouched. In a
   * transaction what it returns is not yet true for others: the entry is invalidated at the commit. Where the cache is disabled it is
   * invalidated as well: other processes may hold it.
   */
  async put(args: A | ((value: V) => A), write: () => Promise<V> | V, self?: unknown): Promise<V> {
    checkFunction(`${this.name}: write`, write)
    if (typeof args === 'function') return this.#putUnderResult(args, write, self)
    const { enabled, closed } = this.#engine.settings
    if (closed) return Promise.resolve().then(write)
    if (!enabled || transactionOf(this.#engine.owner) !== undefined)
      return this.#putUnderResult(() => args, write, self)
    return put(planOperation(this.#state, args, write, self)) as Promise<V>
  }

  /** The value if a tier has it and it may be served, else undefined. Loads nothing, and leaves memory as it is. */
  async get(args: A, self?: unknown): Promise<V | undefined> {
    const { engine, counters } = this.#state
    if (!engine.settings.enabled || engine.settings.closed) return undefined
    const op = planOperation(this.#state, args, NOTHING, self)
    const transaction = transactionOf(engine.owner)
    const landing = await (transaction === undefined ? look(op) : lookInTransaction(op, transaction))
    if (landing === undefined) {
      counters.misses += 1
      return undefined
    }
    return this.#account(op, { landing, joined: false }) as V
  }

  /** The value if memory has it and it may be served, else undefined. Synchronous, counts nothing. */
  peek(args: A, self?: unknown): V | undefined {
    const engine = this.#engine
    if (!engine.settings.enabled) return undefined
    const slot = this.#hits.find(args, self)
    if (slot === undefined) return undefined
    if (this.#hits.isFresh(slot)) return this.#hits.valueAt(slot)
    const op = planOperation(this.#state, args, NOTHING, self)
    const find = lookInMemory(op)
    if (find === undefined || find.freshness === 'kept') return undefined
    if (transactionOf(engine.owner)?.touches(op.key, [...this.#state.members, ...find.entry.tags])) return undefined
    return give(find.entry, engine.registry) as V
  }

  /**
   * Stores what the caller asserts to be current, here and in Redis. In a transaction it is not yet: the entry is invalidated at the
   * commit. Where the cache is disabled it is invalidated as well: other processes may hold it.
   */
  async set(args: A, value: V, self?: unknown): Promise<Receipt> {
    const isStored = this.#engine.settings.enabled && transactionOf(this.#engine.owner) === undefined
    if (!isStored) return this.delete(args, self)
    return set(planOperation(this.#state, args, NOTHING, self), value)
  }

  /** Invalidates one entry everywhere. */
  async delete(args: A, self?: unknown): Promise<Receipt> {
    this.#state.counters.invalidations += 1
    const addresses = addressesOf(this.#state, args, self)
    return invalidate(this.#engine, { addresses, tags: [], names: [], namespace: false })
  }

  /** Invalidates all entries of this name everywhere, in constant time. */
  clear(): Promise<Receipt> {
    this.#state.counters.invalidations += 1
    return invalidate(this.#engine, { addresses: [], tags: [], names: [this.name], namespace: false })
  }

  /** The entry key in its safe form: secrets are digests. */
  keyOf(args: A, self?: unknown): string {
    return this.#state.prefix + this.#state.keying.text(args, self)
  }

  /** Where an entry may be stored: for invalidating several at once. */
  addressesOf(args: A, self?: unknown): ReturnType<typeof addressesOf> {
    return addressesOf(this.#state, args, self)
  }

  #isOff(args: A, self: unknown): boolean {
    const { settings } = this.#engine
    if (!settings.enabled || settings.closed) return true
    const { condition } = this.#state.policy
    return condition !== undefined && !condition.apply(self, args as never)
  }

  async #bypass<T>(loader: () => Promise<T> | T): Promise<T> {
    const { engine, counters } = this.#state
    counters.bypassed += 1
    if (engine.telemetry.wants('call-bypassed')) engine.telemetry.emit({ type: 'call-bypassed', name: this.name })
    const value = await loader()
    reportCall(engine.owner, { outcome: 'bypass', tier: undefined, age: undefined })
    return value
  }

  /** A key that only the result names cannot be leased before the write: the entry is invalidated instead of stored. */
  async #putUnderResult(args: (value: V) => A, write: () => Promise<V> | V, self: unknown): Promise<V> {
    const value = await write()
    if (!this.#engine.settings.closed) await this.delete(args(value), self)
    return value
  }

  /** Counts what the caller experienced, tells it, and hands out the value. */
  #account(op: Operation, { landing, joined }: Answer): unknown {
    const { engine, counters } = this.#state
    const { source, freshness } = landing
    const stale = freshness === 'stale' || freshness === 'kept' || freshness === 'unproven'
    if (source === 'loader') counters.misses += 1
    else if (stale) counters.hitsStale += 1
    else if (source === 'l1') counters.hitsL1 += 1
    else counters.hitsL2 += 1
    if (source !== 'loader' && landing.negative) counters.hitsNegative += 1
    if (joined) counters.joined += 1
    this.#tell(op, landing, stale, joined)
    if (scopesRun()) {
      const outcome = source === 'loader' ? 'miss' : stale ? 'stale' : 'hit'
      reportCall(engine.owner, { outcome, tier: source, age: Math.max(0, engine.clock.now() - landing.created) })
    }
    return give(landing, engine.registry)
  }

  #tell({ key }: Operation, landing: Landing, stale: boolean, joined: boolean): void {
    const { telemetry, clock } = this.#engine
    const { name } = this
    if (joined && telemetry.wants('flight-joined')) telemetry.emit({ type: 'flight-joined', name, key })
    if (landing.source === 'loader') {
      if (telemetry.wants('entry-missed')) telemetry.emit({ type: 'entry-missed', name, key })
    } else if (telemetry.wants('entry-hit')) {
      const { source: tier, negative } = landing
      telemetry.emit({
        type: 'entry-hit',
        name,
        key,
        tier,
        outcome: stale ? 'stale' : 'hit',
        negative,
        age: clock.now() - landing.created,
      })
    }
  }
}
