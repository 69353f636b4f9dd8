import { AsyncLocalStorage } from 'node:async_hooks'
import { type Cache, type CachedName, type CacheOptions, createCache } from '@granary/core'
import type { Entry, Tier } from '../history/record.ts'
import type { EntryName, Reach } from '../schedule/schedule.ts'
import { groupOf, MAX_STALENESS, NAMES, POLICIES, type Row } from './entries.ts'
import type { Answer, Asking, Delivery, Load, Subject } from './subject.ts'

/** How the engine under test is made. */
export type CreateCache = typeof createCache

/** How a call was answered, filled in by the cache's events while it is answered. */
interface CallTrace {
  readonly tiers: Map<string, Tier>
  readonly joined: Set<string>
}

/** Which call an event belongs to: events are told inside the call that they are about. */
const traces = new AsyncLocalStorage<CallTrace>()

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, isLevelEnabled: () => false }

/** Granary in one process, simulated or real. */
export class GranarySubject implements Subject {
  readonly #cache: Cache
  readonly #names: Readonly<Record<EntryName, CachedName<readonly [number], Row>>>

  constructor(create: CreateCache, options: CacheOptions) {
    this.#cache = create({
      maxStaleness: `${MAX_STALENESS}ms`,
      compression: false,
      logger: SILENT,
      ...options,
    })
    this.#names = Object.fromEntries(NAMES.map((name) => [name, this.#cache.define(name, POLICIES[name])])) as never
    this.#cache.on('flight-joined', ({ key }) => traces.getStore()?.joined.add(key))
    this.#cache.on('entry-hit', ({ key, tier }) => traces.getStore()?.tiers.set(key, tier))
    this.#cache.on('entry-missed', ({ key }) => traces.getStore()?.tiers.set(key, 'loader'))
  }

  async ask(how: Asking, { name, row }: Entry, load: Load): Promise<Answer> {
    const named = this.#names[name]
    const trace: CallTrace = { tiers: new Map(), joined: new Set() }
    const value = await traces.run(trace, (): Promise<Row | undefined> | Row | undefined => {
      if (how === 'peek') return named.peek([row])
      if (how === 'get') return named.get([row])
      const read = () => named.getOrSet([row], () => load(row))
      return how === 'refresh' ? this.#cache.refresh(read) : read()
    })
    if (how === 'peek' && value !== undefined) trace.tiers.set(named.keyOf([row]), 'l1')
    return this.#answer(trace, { name, row }, value)
  }

  async askMany(name: EntryName, rows: readonly number[], load: Load): Promise<readonly Answer[]> {
    const trace: CallTrace = { tiers: new Map(), joined: new Set() }
    const values = await traces.run(trace, () =>
      this.#names[name].getOrSetMany(
        rows.map((row) => [row] as const),
        (missing) => Promise.all(missing.map(([row]) => load(row))),
      ),
    )
    return values.map((value, at) => this.#answer(trace, { name, row: rows[at] as number }, value))
  }

  invalidate(reach: Reach, { name, row }: Entry): Promise<Delivery> {
    switch (reach) {
      case 'key':
        return this.#names[name].delete([row])
      case 'row':
        return this.#cache.invalidateTags([`row:${row}`])
      case 'group':
        return this.#cache.invalidateTags([`group:${groupOf(row)}`])
      case 'name':
        return this.#names[name].clear()
      case 'namespace':
        return this.#cache.clear()
    }
  }

  async put({ name, row }: Entry, write: () => Promise<Row>): Promise<Delivery> {
    await this.#names[name].put([row], write)
    return { delivered: this.#cache.health().queued === 0 }
  }

  set({ name, row }: Entry, value: Row): Promise<Delivery> {
    return this.#names[name].set([row], value)
  }

  follow(bookmark: string | undefined, run: (bookmark: () => string | undefined) => Promise<void>): Promise<void> {
    return this.#cache.follow(bookmark, () => run(() => this.#cache.bookmark()))
  }

  /** The key of an entry in Redis. */
  keyOf({ name, row }: Entry): string {
    return this.#names[name].keyOf([row])
  }

  whenDelivered(): Promise<void> {
    return this.#cache.whenDelivered()
  }

  inspect(): ReturnType<Subject['inspect']> {
    const failures = Object.values(this.#cache.stats().redisFailures).reduce((sum, times) => sum + times, 0)
    const { redis, reason } = this.#cache.health()
    return { ...this.#cache.inspect(), connected: redis === 'open', failures, reason }
  }

  close(): Promise<void> {
    return this.#cache.close()
  }

  #answer({ tiers, joined }: CallTrace, { name, row }: Entry, value: Row | undefined): Answer {
    const key = this.#names[name].keyOf([row])
    const tier = tiers.get(key)
    return { value, tier, mayLag: POLICIES[name].consistency !== 'strong' && (tier === 'l1' || joined.has(key)) }
  }
}

/** The key of an entry of a namespace in Redis. */
export function keyIn(namespace: string, entry: Entry): string {
  return new GranarySubject(createCache, { namespace }).keyOf(entry)
}
