import { setTimeout as wait } from 'node:timers/promises'
import { type Cache, type CachedName, currentLoad } from '@granary/core'

/** What callers were told in the course of a soak. */
export interface Tally {
  calls: number
  /** Errors that were not the loader's own. */
  errors: number
  firstError: string | undefined
  /** Own invalidations that a later read did not respect. */
  stale: number
}

class LoaderFailed extends Error {}

const ROWS = 1_000

/**
 * Everything a service does with a cache, at random: reads of a few hot and many cold rows, batches, nulls, loads that fail
 * or are slow, refreshes, writes, write-throughs, invalidations by key, tag and name.
 */
export class Workload {
  readonly tally: Tally = { calls: 0, errors: 0, firstError: undefined, stale: 0 }
  readonly #caches: readonly Cache[]
  readonly #turns = new Map<number, Promise<unknown>>()
  readonly #rows: readonly CachedName<readonly [number], Row | null>[]
  readonly #versions = new Array<number>(ROWS).fill(0)
  readonly #running = new Set<Promise<void>>()

  constructor(caches: readonly Cache[]) {
    this.#caches = caches
    this.#rows = caches.map((cache) =>
      cache.define<readonly [number], Row | null>('row', {
        ttl: '20s',
        negativeTtl: '1s',
        staleWhileRevalidate: '5s',
        staleIfError: '10s',
        refreshAhead: 0.8,
        tags: (row) => [`row:${row.id}`, `group:${row.id % 10}`],
      }),
    )
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
    const which = Math.floor(Math.random() * this.#caches.length)
    const rows = this.#rows[which] as CachedName<readonly [number], Row | null>
    const id = Math.floor(ROWS * Math.random() ** 4)
    const chance = Math.random()
    if (chance < 0.8) return void (await rows.getOrSet([id], () => this.#load(id)))
    if (chance < 0.86) return this.#readMany(rows, id)
    if (chance < 0.9) return void (await rows.put([id], async () => this.#row(id)))
    if (chance < 0.92) return this.#inTurn(id, () => rows.set([id], this.#row(id)))
    await this.#inTurn(id, () => this.#invalidate(which, rows, { id, how: chance }))
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

  async #readMany(rows: CachedName<readonly [number], Row | null>, id: number): Promise<void> {
    const ids = Array.from({ length: 8 }, (_, at) => [(id + at) % ROWS] as const)
    await rows.getOrSetMany(ids, async (missing) => missing.map(([each]) => this.#row(each)))
  }

  /** After the receipt a read in the same process sees what was written before it, or newer. */
  async #invalidate(
    which: number,
    rows: CachedName<readonly [number], Row | null>,
    { id, how }: { id: number; how: number },
  ): Promise<void> {
    const version = (this.#versions[id] as number) + 1
    this.#versions[id] = version
    if (how < 0.96) await rows.delete([id])
    else if (how < 0.995) await (this.#caches[which] as Cache).invalidateTags([`row:${id}`])
    else await (this.#caches[which] as Cache).clear('row')
    const row = await rows.getOrSet([id], () => this.#load(id))
    if (row !== null && row.version < version) this.tally.stale += 1
  }

  async #load(id: number): Promise<Row | null> {
    const row = id % 17 === 3 ? null : this.#row(id)
    await wait(Math.random() < 0.01 ? 100 : 2, undefined, { signal: currentLoad().signal })
    if (Math.random() < 0.005) throw new LoaderFailed('The database said no.')
    return row
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
