import { setTimeout as wait } from 'node:timers/promises'
import type { Cache, CachedName } from '../../src/index.ts'

/** The policy of the rows that an oracle reads. */
export const ROW = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const

/** What traffic is made of. */
export interface OracleOptions {
  /** The caches, each as a process of its own; all of them read and invalidate. */
  readonly caches: readonly Cache[]
  readonly ids: readonly number[]
  /** The database: versions by id. Only the oracle writes to it. */
  readonly truth: Map<number, number>
  /** What the caches were made with, in milliseconds. */
  readonly maxStaleness: number
  /** Writes to Redis as another program would, so that the row's entry is gone; tried again until it resolves. Default: nobody does. */
  readonly foreign?: (id: number) => Promise<unknown>
  /** No caller may wait longer than this, in milliseconds. Default: 1000. */
  readonly patience?: number
}

/** A read that a promise of the cache forbids. */
export interface StaleRead {
  readonly id: number
  readonly got: number
  readonly atLeast: number
  readonly tier: string
  readonly why: string
}

/** What the oracle saw. */
export interface Findings {
  readonly reads: number
  readonly hits: number
  readonly loads: number
  readonly invalidations: number
  readonly foreign: number
  readonly queued: number
  readonly queuedAtEnd: number
  readonly stale: readonly StaleRead[]
  readonly errors: readonly unknown[]
  /** The longest that a caller waited, in milliseconds. */
  readonly slowest: number
}

interface Known {
  readonly version: number
  readonly at: number
}

/**
 * Reads and writes without end and knows at each read what it may answer: in the process that invalidated, nothing older from
 * the moment it resolved; in another, nothing older than `maxStaleness` after it was delivered there.
 */
export class Oracle {
  readonly #options: OracleOptions
  readonly #rows: readonly CachedName<[number], number>[]
  /** By cache: what its own invalidations promised. By id. */
  readonly #own: Map<number, number>[]
  readonly #delivered = new Map<number, Known[]>()
  readonly #findings = { reads: 0, hits: 0, loads: 0, invalidations: 0, foreign: 0, queued: 0, slowest: 0 }
  readonly #stale: StaleRead[] = []
  readonly #errors: unknown[] = []
  #running = false
  #loops: Promise<unknown>[] = []

  constructor(options: OracleOptions) {
    this.#options = options
    this.#rows = options.caches.map((cache) => cache.define<[number], number>('row', ROW))
    this.#own = options.caches.map(() => new Map())
  }

  /** What was found so far. */
  get findings(): Findings {
    const { caches } = this.#options
    const queuedAtEnd = caches.reduce((sum, cache) => sum + cache.inspect().queued, 0)
    return { ...this.#findings, queuedAtEnd, stale: this.#stale, errors: this.#errors }
  }

  start(): void {
    this.#running = true
    this.#loops = this.#options.caches.flatMap((_, at) => [
      ...[0, 1, 2].map(() => this.#readOn(at)),
      this.#writeOn(at, at + 1),
    ])
    if (this.#options.foreign !== undefined) this.#loops.push(this.#writeElsewhere(this.#options.foreign))
  }

  /** Ends the traffic, waits until everything is delivered, and reads every row once more everywhere. */
  async stop(): Promise<Findings> {
    this.#running = false
    await Promise.all(this.#loops)
    await Promise.all(this.#options.caches.map((cache) => cache.whenDelivered()))
    await wait(this.#options.maxStaleness)
    for (const id of this.#options.ids)
      for (const at of this.#rows.keys()) {
        const atLeast = this.#options.truth.get(id) as number
        const { value, tier } = await this.#read(at, id)
        if (value < atLeast) this.#stale.push({ id, got: value, atLeast, tier, why: 'at rest' })
      }
    return this.findings
  }

  async #readOn(at: number): Promise<void> {
    const { ids } = this.#options
    for (let turn = at; this.#running; turn += 1) {
      const id = ids[(turn * 7) % ids.length] as number
      try {
        await this.#check(at, id)
      } catch (error) {
        this.#errors.push(error)
      }
      await wait(turn % 3)
    }
  }

  async #check(at: number, id: number): Promise<void> {
    const startedAt = performance.now()
    const own = this.#own[at]?.get(id) ?? 0
    const latest = startedAt - this.#options.maxStaleness
    const others = (this.#delivered.get(id) ?? []).filter((known) => known.at <= latest)
    const elsewhere = Math.max(0, ...others.map(({ version }) => version))
    const { value, tier } = await this.#read(at, id)
    this.#findings.reads += 1
    this.#findings.slowest = Math.max(this.#findings.slowest, performance.now() - startedAt)
    if (tier !== 'loader') this.#findings.hits += 1
    if (value < own) this.#stale.push({ id, got: value, atLeast: own, tier, why: 'own invalidation' })
    if (value < elsewhere) this.#stale.push({ id, got: value, atLeast: elsewhere, tier, why: 'delivered elsewhere' })
  }

  async #read(at: number, id: number): Promise<{ value: number; tier: string }> {
    const { caches, truth } = this.#options
    const rows = this.#rows[at] as CachedName<[number], number>
    const { value, tier } = await (caches[at] as Cache).observe(() =>
      rows.getOrSet([id], async () => {
        this.#findings.loads += 1
        const seen = truth.get(id) as number
        await wait(2)
        return seen
      }),
    )
    return { value, tier: String(tier) }
  }

  async #writeOn(at: number, seed: number): Promise<void> {
    const { ids, caches, truth } = this.#options
    const cache = caches[at] as Cache
    for (let turn = seed; this.#running; turn += 1) {
      const id = ids[(turn * 5) % ids.length] as number
      const version = (truth.get(id) as number) + 1
      truth.set(id, version)
      try {
        const { delivered } =
          turn % 2 === 0 ? await cache.delete('row', [id]) : await cache.invalidateTags([`row:${id}`])
        this.#findings.invalidations += 1
        this.#own[at]?.set(id, version)
        if (delivered) this.#note(id, version)
        else {
          this.#findings.queued += 1
          cache.whenDelivered().then(
            () => this.#note(id, version),
            () => {},
          )
        }
      } catch (error) {
        this.#errors.push(error)
      }
      await wait(3 + (turn % 5))
    }
  }

  async #writeElsewhere(write: (id: number) => Promise<unknown>): Promise<void> {
    const { ids, truth } = this.#options
    for (let turn = 0; this.#running; turn += 1) {
      const id = ids[(turn * 3) % ids.length] as number
      const version = (truth.get(id) as number) + 1
      truth.set(id, version)
      while (!(await succeeds(write(id)))) await wait(20)
      this.#findings.foreign += 1
      this.#note(id, version)
      await wait(2 + (turn % 5))
    }
  }

  #note(id: number, version: number): void {
    const known = this.#delivered.get(id) ?? []
    known.push({ version, at: performance.now() })
    this.#delivered.set(id, known.slice(-200))
  }
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
