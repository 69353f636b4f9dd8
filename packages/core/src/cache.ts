import type { ClassRegistry } from '@granary/serialization'
import type { CachedName } from './cached-name.ts'
import { waitAtMost } from './clock.ts'
import { type Duration, parseDuration } from './duration.ts'
import type { Engine } from './engine/engine.ts'
import { invalidate, type Receipt } from './engine/invalidate.ts'
import type { Address } from './engine/remote.ts'
import { BatchMismatch } from './errors.ts'
import { type CallReport, runInScope } from './flight/call-scope.ts'
import { bookmarkOf, follow } from './invalidation/following.ts'
import type { SecretDigester } from './key/keying.ts'
import { Names } from './names.ts'
import type { PartialPolicy, PolicyDefaults } from './options/policy.ts'
import type { RedisHandle } from './options/redis-client.ts'
import { type ConnectionReport, type Health, healthOf, type Inspection, type Observed, statsOf } from './reports.ts'
import type { CacheEvent, EventOf } from './telemetry/event.ts'
import type { Stats } from './telemetry/stats.ts'

/** What the composition root knows and the cache does not. */
export interface CacheParts {
  readonly namespace: string
  readonly engine: Engine
  readonly defaults: PolicyDefaults
  readonly registry: ClassRegistry
  /** Undefined when secret arguments cannot be digested alike in every process. */
  readonly secrets: SecretDigester | undefined
  readonly redis: RedisHandle | undefined
  readonly connection: () => ConnectionReport
  readonly ready: () => Promise<void>
}

/** What several entries are invalidated by. */
export interface InvalidateTargets {
  readonly tags?: readonly string[]
  readonly entries?: readonly { readonly name: string; readonly args: readonly unknown[]; readonly self?: unknown }[]
  readonly names?: readonly string[]
  /** Everything in the namespace. */
  readonly namespace?: boolean
}

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

  /** @internal Made by `createCache`. */
  constructor(parts: CacheParts) {
    this.namespace = parts.namespace
    this.redis = parts.redis
    this.#parts = parts
    this.#engine = parts.engine
    this.#names = new Names(this, { ...parts, remote: parts.redis !== undefined })
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
    const named = this.#names.of(name, policy as PartialPolicy)
    const values = await named.getOrSetMany(
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
   * @throws CacheClosed after {@link Cache.close}.
   */
  async invalidate(targets: InvalidateTargets, { required = false }: { required?: boolean } = {}): Promise<Receipt> {
    const { tags = [], entries = [], names = [], namespace = false } = targets
    const addresses: Address[] = []
    const widened: string[] = []
    for (const { name, args, self } of entries) {
      const found = this.#names.addressesOf(name, args, self)
      if (found === undefined) widened.push(name)
      else addresses.push(...found)
    }
    const known = [...names, ...entries.map((entry) => entry.name)].flatMap((name) => this.#names.stateOf(name) ?? [])
    for (const { counters } of known) counters.invalidations += 1
    if (known.length === 0) this.#nameless += 1
    return invalidate(this.#engine, { addresses, tags, names: [...names, ...widened], namespace }, required)
  }

  /** Runs `run` and reports how the first cached call inside it was answered. */
  async observe<V>(run: () => Promise<V>): Promise<Observed<V>> {
    let first: CallReport | undefined
    const value = await runInScope(this.#engine.owner, 'observe', run, (report) => {
      first ??= report
    })
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

  /** Calls `listener` for every event of a type until the returned function is called. */
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
    await waitAtMost(clock, within, background.drain())
    await remote?.close()
    queue.abandon()
  }

  /** What runs inside now, for tests. */
  inspect(): Inspection {
    const { flights, background, puts, queue } = this.#engine
    return { flights: flights.size, background: background.size, puts: puts.size, queued: queue.pending }
  }
}

/** Whether `value` is a cache made by any copy of Granary. */
export function isCache(value: unknown): value is Cache {
  return typeof value === 'object' && value !== null && CACHE_BRAND in value
}

function inOrder<T, V>(
  name: string,
  asked: readonly T[],
  answered: ReadonlyMap<T, V> | readonly V[],
): readonly (V | undefined)[] {
  if (answered instanceof Map) return asked.map((id) => answered.get(id))
  if (!Array.isArray(answered)) throw new BatchMismatch(name, asked.length, typeof answered)
  return answered
}
