import type { CacheParts } from './cache-parts.ts'
import type { CachedName } from './cached-name.ts'
import { checkCall } from './call-arguments.ts'
import { waitAtMost } from './clock.ts'
import { type Duration, parseDuration } from './duration.ts'
import type { Engine } from './engine/engine.ts'
import { invalidate, type Receipt } from './engine/invalidate.ts'
import { inOrder } from './engine/many.ts'
import { type CacheTransaction, transact } from './engine/transaction/transact.ts'
import { type CallReport, runInScope } from './flight/call-scope.ts'
import { countInvalidation, type InvalidateTargets, requestOf } from './invalidate-targets.ts'
import { bookmarkOf, follow } from './invalidation/following.ts'
import { Names } from './names.ts'
import type { PartialPolicy } from './options/policy.ts'
import type { RedisHandle } from './options/redis-client.ts'
import { Couriers } from './outbox/courier.ts'
import type { OutboxReader } from './outbox/outbox.ts'
import { type Health, healthOf, type Inspection, inspectionOf, type Observed, statsOf } from './reports.ts'
import type { CacheEvent, EventOf } from './telemetry/event.ts'
import type { Stats } from './telemetry/stats.ts'

/** The brand by which other copies of the package recognise a cache. */
const CACHE_BRAND: unique symbol = Symbol.for('granary.cache') as never

/**
 * A two-tier cache: process memory in front of Redis. Made by `createCache`.
 *
 * Every entry belongs to a name and is found by the arguments of a call. Names have their own policy: give it once with
 * {@link Cache.define}, or with the call.
 */
export class Cache {
  readonly namespace: string
  /** Connections with this cache's settings, for packages that need their own; undefined when memory only. */
  readonly redis: RedisHandle | undefined
  readonly [CACHE_BRAND] = true
  readonly #parts: CacheParts
  readonly #engine: Engine
  #closing: Promise<void> | undefined
  /** Invalidations that belong to no name of this process. */
  #nameless = 0
  readonly #names: Names
  readonly #couriers: Couriers

  /** @internal Made by `createCache`. */
  constructor(parts: CacheParts) {
    this.namespace = parts.namespace
    this.redis = parts.redis
    this.#parts = parts
    this.#engine = parts.engine
    this.#names = new Names(this, { ...parts, remote: parts.redis !== undefined })
    this.#couriers = new Couriers(parts.engine, parts.namespace)
  }

  /**
   * Defines how a name is cached, once, and returns its entries.
   *
   * @throws InvalidOption when the name or an option cannot be used.
   * @throws NameTaken when the name has another policy and `replace` is not set.
   */
  define<A extends readonly unknown[] = readonly unknown[], V = unknown>(
    name: string,
    policy: PartialPolicy<A, V>,
    { replace = false }: { replace?: boolean } = {},
  ): CachedName<A, V> {
    return this.#names.define(name, policy as unknown as PartialPolicy, replace) as unknown as CachedName<A, V>
  }

  /**
   * The value of a call from the nearest tier, or from `loader`, which runs once for all who wait.
   *
   * @example
   * ```ts
   * const user = await cache.getOrSet('user', [42], () => db.userById(42), { ttl: '5m' })
   * ```
   */
  getOrSet<V>(
    name: string,
    args: readonly unknown[],
    loader: () => Promise<V> | V,
    policy?: PartialPolicy<never, V>,
  ): Promise<V> {
    try {
      return this.#names.of(name, policy as PartialPolicy).getOrSet(args, loader) as Promise<V>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Many entries of one name by id, with one read and one load of what is missing. Absent ids are `undefined`, and remembered so. */
  async getOrSetMany<T, V>(
    name: string,
    ids: readonly T[],
    loader: (missing: readonly T[]) => Promise<ReadonlyMap<T, V> | readonly V[]>,
    policy?: PartialPolicy<never, V>,
  ): Promise<Map<T, V | undefined>> {
    checkCall(name, ids, loader)
    const values = await this.#names.of(name, policy as PartialPolicy).getOrSetMany(
      ids.map((id) => [id]),
      async (missing) => {
        const asked = missing.map(([id]) => id as T)
        return inOrder(name, asked, await loader(asked))
      },
    )
    return new Map(ids.map((id, at) => [id, values[at] as V | undefined]))
  }

  /** The value of an entry if a tier has it, else undefined. */
  async get(name: string, args: readonly unknown[]): Promise<unknown> {
    return this.#names.find(name).get(args)
  }

  /** The value of an entry if memory has it, else undefined. Synchronous. */
  peek(name: string, args: readonly unknown[]): unknown {
    return this.#names.find(name).peek(args)
  }

  /** Stores what the caller asserts to be current, here and in Redis. */
  async set(name: string, args: readonly unknown[], value: unknown, policy?: PartialPolicy): Promise<Receipt> {
    return this.#names.of(name, policy).set(args, value)
  }

  /**
   * Invalidates one entry everywhere. Where the name is not defined in this process, its keys are not known here: then all
   * entries of the name are invalidated, and an `advice-given` event says so once.
   */
  delete(name: string, args: readonly unknown[]): Promise<Receipt> {
    return this.invalidate({ entries: [{ name, args }] })
  }

  /** Invalidates everything that carries one of the tags, everywhere, in constant time. */
  invalidateTags(tags: readonly string[]): Promise<Receipt> {
    return this.invalidate({ tags })
  }

  /** Invalidates all entries of a name, or of the namespace, everywhere, in constant time. */
  clear(name?: string): Promise<Receipt> {
    return this.invalidate(name === undefined ? { namespace: true } : { names: [name] })
  }

  /**
   * Invalidates several things with one message. An entry whose name is not defined in this process takes its whole name
   * along, as in {@link Cache.delete}.
   *
   * @throws InvalidationNotDelivered when `required` and Redis does not take it.
   * @throws InvalidOption naming a target that does not exist; CacheClosed after {@link Cache.close}.
   */
  async invalidate(targets: InvalidateTargets, { required = false }: { required?: boolean } = {}): Promise<Receipt> {
    const request = requestOf(this.#names, targets)
    if (!countInvalidation(this.#names, targets)) this.#nameless += 1
    return invalidate(this.#engine, request, required)
  }

  /** Runs `run` and reports how the first cached call inside it was answered. */
  async observe<V>(run: () => Promise<V>): Promise<Observed<V>> {
    let first: CallReport | undefined
    const report = (told: CallReport) => {
      first ??= told
    }
    const value = await runInScope(this.#engine.owner, 'observe', run, { report })
    return { value, ...(first ?? { outcome: 'bypass', tier: undefined, age: undefined }) }
  }

  /** Runs `run` with every cached call inside it going to its loader; nothing is read and nothing stored. */
  bypass<T>(run: () => T): T {
    return runInScope(this.#engine.owner, 'bypass', run)
  }

  /** Runs `run` with every cached call inside it loading anew and storing the result. */
  refresh<T>(run: () => T): T {
    return runInScope(this.#engine.owner, 'refresh', run)
  }

  /**
   * Runs `run` with every cached call inside it seeing at least what `bookmark` marks, on whatever node the bookmark was
   * made, and whatever is invalidated inside: read-your-writes and monotonic reads for one caller across nodes.
   *
   * It holds for everything that `run` starts, also after `run` has returned. A call inside is answered from memory as ever
   * when this process has applied all that the bookmark marks, which takes about as long as a message; until then it asks
   * Redis. Text that is no bookmark, an altered or a very old one cost such a question, never a wrong answer and never an
   * error. Carrying a bookmark is worth while for `maxStaleness` after the write: by then all processes have caught up.
   *
   * @param bookmark of a receipt, or of {@link Cache.bookmark}, perhaps from a cookie or a header; none to begin with nothing.
   * @throws InvalidOption when it is given and no string.
   *
   * @example
   * ```ts
   * const bookmark = await cache.follow(undefined, async () => {
   *   await cache.delete('user', [42])
   *   return cache.bookmark() // goes into a header or a cookie
   * })
   * // the next request of the same client, on any node
   * await cache.follow(bookmark, () => cache.getOrSet('user', [42], () => db.userById(42), { ttl: '5m' }))
   * ```
   */
  follow<T>(bookmark: string | undefined, run: () => T): T {
    return follow(this.#engine, bookmark, run)
  }

  /**
   * How far the calling code has seen invalidations: what it invalidated itself, what it follows, and what this process knows.
   * Hand it to whoever must see at least that. At most 25 characters of `0-9`, `a-z` and `.`, which say how many
   * invalidations the namespace has had, and nothing else; undefined without Redis, or before it was ever reached.
   */
  bookmark(): string | undefined {
    return bookmarkOf(this.#engine)
  }

  /**
   * Runs a database transaction and sends what is invalidated inside it once `run` has resolved; when it rejects, nothing is
   * sent. `set` and write-throughs inside invalidate their entry. Reads inside are answered from the cache unless the transaction
   * has invalidated them; what a load inside brings may be uncommitted and is its caller's alone. Of nested ones the outermost sends.
   *
   * @example
   * ```ts
   * await cache.transaction(async () => {
   *   await db.transaction(async (sql) => sql.query('UPDATE users SET name = $1 WHERE id = $2', ['Ada', 42]))
   *   await cache.delete('user', [42]) // sent when this has resolved
   * })
   * ```
   * @throws InvalidationNotDelivered when something inside was `required` and Redis does not take it; the commit stands.
   */
  transaction<T>(run: (transaction: CacheTransaction) => Promise<T>): Promise<T> {
    return transact(this.#engine, this.namespace, run)
  }

  /** Delivers what is due in an outbox now; resolves to the number of messages. Nothing is taken while Redis is away. */
  deliverFrom(outbox: OutboxReader): Promise<number> {
    return this.#couriers.deliver(outbox)
  }

  /**
   * Delivers from an outbox again and again until the returned function is called or the cache is closed. Several processes may.
   *
   * @throws InvalidOption when `every` is no duration.
   */
  keepDelivering(outbox: OutboxReader, { every = '1s' }: { every?: Duration } = {}): () => Promise<void> {
    return this.#couriers.start(outbox, parseDuration(every, 'every'))
  }

  /** Counters since the cache was made, as its callers experienced them, in all and by name. */
  stats(): Stats {
    return statsOf(this.#engine, this.#names.states(), {
      connection: this.#parts.connection(),
      nameless: this.#nameless,
      forgotten: this.#names.forgotten,
    })
  }

  /** Whether the cache is whole, and since when and why it is not. */
  health(): Health {
    return healthOf(this.#engine, this.#parts.connection())
  }

  /** Calls `listener` for every event of a type until the returned function is called; InvalidOption for a type that no event has. */
  on<T extends CacheEvent['type']>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#engine.telemetry.on(type, listener)
  }

  /** Resolves when Redis is in use, or at once without one; rejects when a `required` Redis cannot be reached. */
  ready(): Promise<void> {
    return this.#parts.ready()
  }

  /** Resolves when no invalidation waits for Redis any more. */
  whenDelivered(): Promise<void> {
    return this.#engine.queue.whenEmpty()
  }

  /** Resolves when no background work runs any more. */
  drain(): Promise<void> {
    return this.#engine.background.drain()
  }

  /**
   * Lets background work end, for `within` at most (default 5 s), and closes all connections. Calls afterwards go to their
   * loaders. Safe to call twice: both calls resolve when the cache is closed.
   */
  close({ within = '5s' }: { within?: Duration } = {}): Promise<void> {
    this.#closing ??= this.#close(parseDuration(within, 'within'))
    return this.#closing
  }

  async #close(within: number): Promise<void> {
    const { settings, background, remote, queue, clock } = this.#engine
    settings.closed = true
    await waitAtMost(clock, within, Promise.all([this.#couriers.stop(), background.drain()]))
    await remote?.close()
    queue.abandon()
  }

  /** What runs inside now, for tests. */
  inspect(): Inspection {
    return inspectionOf(this.#engine)
  }
}

/** Whether `value` is a cache made by any copy of Granary. */
export function isCache(value: unknown): value is Cache {
  return typeof value === 'object' && value !== null && CACHE_BRAND in value
}
