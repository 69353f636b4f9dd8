import { setTimeout as wait } from 'node:timers/promises'
import { type Cache, type CachedName, currentLoad, type Random, type Receipt } from '@granary/core'
import { listen } from './listen.ts'
import { Oracle } from './oracle.ts'
import { Trace } from './trace.ts'

/** What callers were told in the course of a soak. */
export interface Tally {
  calls: number
  /** Errors that were not the loader's own. */
  errors: number
  firstError: string | undefined
  /** Reads that an invalidation forbade, in the process that had issued it or, after `maxStaleness`, in another. */
  stale: number
  /** Reads that were answered with another row. */
  strange: number
}

/** A read that broke a promise, and the last events of its row. */
export interface Violation {
  readonly what: string
  readonly events: readonly string[]
}

class LoaderFailed extends Error {}

const ROWS = 1_000

/** More violations than these are counted and not told. */
const TOLD = 5

/** The default of the caches. */
const MAX_STALENESS = 1_000

type Rows = CachedName<readonly [number], Row | null>

/**
 * Everything a service does with a cache, at random: reads of a few hot and many cold rows, batches, nulls, loads that fail
 * or are slow, refreshes, writes, write-throughs, invalidations by key, tag and name. Every answer is held against the oracle.
 */
export class Workload {
  readonly tally: Tally = { calls: 0, errors: 0, firstError: undefined, stale: 0, strange: 0 }
  readonly violations: Violation[] = []
  readonly trace = new Trace(ROWS)
  readonly #caches: readonly Cache[]
  readonly #random: Pick<Random, 'next'>
  readonly #oracle: Oracle
  readonly #turns = new Map<number, Promise<unknown>>()
  readonly #rows: readonly Rows[]
  readonly #versions = new Array<number>(ROWS).fill(0)
  readonly #running = new Set<Promise<void>>()

  constructor(caches: readonly Cache[], random: Pick<Random, 'next'>) {
    this.#caches = caches
    this.#random = random
    this.#oracle = new Oracle({ rows: ROWS, processes: caches.length, maxStaleness: MAX_STALENESS })
    this.#rows = caches.map((cache, at) => {
      listen(cache, at, this.trace)
      return cache.define<readonly [number], Row | null>('row', {
        ttl: '20s',
        negativeTtl: '1s',
        staleWhileRevalidate: '5s',
        staleIfError: '10s',
        refreshAhead: 0.8,
        tags: (row) => [`row:${row.id}`, `group:${row.id % 10}`],
      })
    })
  }

  /** Calls that have not settled. */
  get unsettled(): number {
    return this.#running.size
  }

  /** One call more; whatever comes of it is counted. */
  step(): void {
    this.tally.calls += 1
    const running = this.#act()
      .catch((error) => {
        if (error instanceof LoaderFailed) return
        this.tally.errors += 1
        this.tally.firstError ??= String(error)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running)
  }

  async #act(): Promise<void> {
    const process = Math.floor(this.#random.next() * this.#caches.length)
    const id = Math.floor(ROWS * this.#random.next() ** 4)
    const chance = this.#random.next()
    if (chance < 0.8) return this.#read(process, id)
    if (chance < 0.86) return this.#readMany(process, id)
    if (chance < 0.9) return this.#put(process, id)
    if (chance < 0.92) return this.#inTurn(id, () => this.#set(process, id))
    await this.#inTurn(id, () => this.#invalidate(process, id, chance))
    await this.#read(process, id)
  }

  /**
   * Those who write a row take turns, as a lock on it would make them. `set` is its caller's assertion that the value is current,
   * which nothing fences: one that overlaps with a later write would assert what is not so.
   */
  async #inTurn(id: number, write: () => Promise<unknown>): Promise<void> {
    const turn = (this.#turns.get(id) ?? Promise.resolve()).then(write, write)
    this.#turns.set(id, turn)
    await turn.finally(() => {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    })
  }

  async #read(process: number, id: number): Promise<void> {
    const least = this.#oracle.least(id, process, performance.now())
    this.trace.note(id, process, 'asks', least)
    const row = await this.#of(process).getOrSet([id], () => this.#load(process, id))
    this.#judge(process, { id, least, row })
  }

  async #readMany(process: number, first: number): Promise<void> {
    const ids = Array.from({ length: 8 }, (_, at) => (first + at) % ROWS)
    const asked = ids.map((id) => ({ id, least: this.#oracle.least(id, process, performance.now()) }))
    const rows = await this.#of(process).getOrSetMany(
      ids.map((id) => [id] as const),
      async (missing) =>
        missing.map(([id]) => {
          this.trace.note(id, process, 'loads', this.#versions[id])
          return this.#row(id)
        }),
    )
    asked.forEach((each, at) => {
      this.#judge(process, { ...each, row: rows[at] as Row | null })
    })
  }

  async #put(process: number, id: number): Promise<void> {
    this.trace.note(id, process, 'puts')
    await this.#of(process).put([id], async () => {
      this.trace.note(id, process, 'loads', this.#versions[id])
      return this.#row(id)
    })
    this.trace.note(id, process, 'put done')
  }

  async #set(process: number, id: number): Promise<void> {
    this.trace.note(id, process, 'sets', this.#versions[id])
    const receipt = await this.#of(process).set([id], this.#row(id))
    this.trace.note(id, process, receipt.delivered ? 'set: delivered' : 'set: queued')
  }

  async #invalidate(process: number, id: number, how: number): Promise<void> {
    const version = (this.#versions[id] as number) + 1
    this.#versions[id] = version
    const receipt = await this.#forget(process, id, how)
    this.#oracle.resolved(id, process, version)
    this.trace.note(id, process, receipt.delivered ? 'invalidation: delivered' : 'invalidation: queued', version)
    if (receipt.delivered) this.#oracle.delivered(id, version, performance.now())
  }

  #forget(process: number, id: number, how: number): Promise<Receipt> {
    const cache = this.#caches[process] as Cache
    const version = this.#versions[id]
    if (how < 0.96) {
      this.trace.note(id, process, 'deletes', version)
      return this.#of(process).delete([id])
    }
    if (how < 0.995) {
      this.trace.note(id, process, 'invalidates its tag', version)
      return cache.invalidateTags([`row:${id}`])
    }
    this.trace.note(id, process, 'clears its name', version)
    this.trace.tell(`process ${process}: clears the name`)
    return cache.clear('row')
  }

  /** Rows that are null at times are known by no tag then, and have no version to judge. */
  #judge(process: number, { id, least, row }: { id: number; least: number; row: Row | null }): void {
    if (row === null) {
      this.trace.note(id, process, 'is given nothing')
      return
    }
    this.trace.note(id, process, 'is given', row.version)
    if (row.id !== id) {
      this.tally.strange += 1
      this.#violated(id, `process ${process} asked for row ${id} and was given row ${row.id}`)
    } else if (row.version < least) {
      this.tally.stale += 1
      this.#violated(
        id,
        `process ${process} was given version ${row.version} of row ${id}, where ${least} was the least`,
      )
    }
  }

  #violated(id: number, what: string): void {
    if (this.violations.length < TOLD) this.violations.push({ what, events: this.trace.of(id) })
  }

  async #load(process: number, id: number): Promise<Row | null> {
    this.trace.note(id, process, 'loads', this.#versions[id])
    const row = id % 17 === 3 ? null : this.#row(id)
    await wait(this.#random.next() < 0.01 ? 100 : 2, undefined, { signal: currentLoad().signal })
    if (this.#random.next() >= 0.005) return row
    this.trace.note(id, process, 'load failed')
    throw new LoaderFailed('The database said no.')
  }

  #of(process: number): Rows {
    return this.#rows[process] as Rows
  }

  #row(id: number): Row {
    return { id, version: this.#versions[id] as number, text: 'x'.repeat(id % 400), at: new Date(0) }
  }
}

interface Row {
  readonly id: number
  readonly version: number
  readonly text: string
  readonly at: Date
}
