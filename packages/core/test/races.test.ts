import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Cache, CachedName } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { openMemory } from './stage/memory-stage.ts'

interface Row {
  readonly id: number
  readonly version: number
}

const POLICY = { ttl: '5m', tags: (row: Row) => [`row:${row.id}`, 'rows'] } as const

function scene(extra: object = {}) {
  const { cache, clock } = openMemory()
  const rows = cache.define<[number], Row>('row', { ...POLICY, ...extra })
  const db = new Database<Row>([[1, { id: 1, version: 0 }]])
  const read = () => rows.getOrSet([1], db.reading(1))
  const write = (version: number) => db.rows.set(1, { id: 1, version })
  return { cache, clock, rows, db, read, write }
}

const INVALIDATIONS: readonly (readonly [string, (cache: Cache) => Promise<unknown>])[] = [
  ['the entry', (cache) => cache.delete('row', [1])],
  ['a tag known before', (cache) => cache.invalidateTags(['rows'])],
  ['a tag computed from the value', (cache) => cache.invalidateTags(['row:1'])],
  ['the name', (cache) => cache.clear('row')],
  ['the namespace', (cache) => cache.clear()],
]

/** Those that are known to concern a running load before it ends: later reads do not even wait for it. */
const DETACHING = INVALIDATIONS.filter(([what]) => !what.includes('tag'))

describe('C3: a load that began before an invalidation', () => {
  test.each(INVALIDATIONS)('by %s: is not kept, and a later read sees the new row', async (_, invalidate) => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await invalidate(cache)
    release()
    expect(await early).toEqual({ id: 1, version: 0 })
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(await read()).toEqual({ id: 1, version: 1 })
  })

  test.each(INVALIDATIONS)('by %s: is not joined by a read that comes after it', async (_, invalidate) => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await invalidate(cache)
    const late = read()
    release()
    expect(await early).toEqual({ id: 1, version: 0 })
    expect(await late).toEqual({ id: 1, version: 1 })
    expect(cache.peek('row', [1])).toEqual({ id: 1, version: 1 })
  })

  test.each(DETACHING)('by %s: does not overwrite what a newer load has stored meanwhile', async (_, invalidate) => {
    const { cache, db, read, write } = scene()
    const releaseEarly = db.hold()
    const early = read()
    write(1)
    await invalidate(cache)
    db.hold()()
    expect(await read()).toEqual({ id: 1, version: 1 })
    releaseEarly()
    await early
    expect(cache.peek('row', [1])).toEqual({ id: 1, version: 1 })
  })

  test('does not overwrite an explicit set', async () => {
    const { cache, rows, db, read } = scene()
    const release = db.hold()
    const early = read()
    await rows.set([1], { id: 1, version: 7 })
    expect(await read()).toEqual({ id: 1, version: 7 })
    release()
    await early
    expect(cache.peek('row', [1])).toEqual({ id: 1, version: 7 })
  })

  test('does not overwrite a write-through', async () => {
    const { cache, rows, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    await rows.put([1], async () => {
      write(1)
      return { id: 1, version: 1 }
    })
    expect(await read()).toEqual({ id: 1, version: 1 })
    release()
    await early
    expect(cache.peek('row', [1])).toEqual({ id: 1, version: 1 })
  })

  test('and then fails, leaves the newer entry alone', async () => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await cache.delete('row', [1])
    const late = read()
    release()
    await Promise.all([early, late])
    db.fail(new Error('database down'))
    expect(await read()).toEqual({ id: 1, version: 1 })
  })

  test('that the loader itself issues is an invalidation like any other', async () => {
    const { cache, rows } = scene()
    await rows.getOrSet([1], async () => {
      await cache.delete('row', [1])
      return { id: 1, version: 0 }
    })
    expect(rows.peek([1])).toBeUndefined()
  })
})

describe('C3: joining a running load', () => {
  test('A4: a caller who comes after a tag invalidation gets the new row, although the tags are known only when the load ends', async () => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await cache.invalidateTags(['row:1'])
    const joiner = read()
    release()
    expect(await early).toEqual({ id: 1, version: 0 })
    expect(await joiner).toEqual({ id: 1, version: 1 })
    expect(db.reads.length).toBe(2)
  })

  test('A4: a second, later event of the tag does not hide the first one', async () => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await cache.invalidateTags(['row:1'])
    const joiner = read()
    await cache.invalidateTags(['row:1'])
    release()
    await early
    expect(await joiner).toEqual({ id: 1, version: 1 })
  })

  test('an invalidation of other tags costs no second load', async () => {
    const { cache, db, read } = scene()
    const release = db.hold()
    const early = read()
    await cache.invalidateTags(['row:2'])
    const joiner = read()
    release()
    expect(await joiner).toEqual(await early)
    expect(db.reads.length).toBe(1)
  })

  test('many callers after an invalidation share one new load', async () => {
    const { cache, db, read, write } = scene()
    const release = db.hold()
    const early = read()
    write(1)
    await cache.invalidateTags(['row:1'])
    const joiners = Array.from({ length: 50 }, () => read())
    release()
    await early
    expect(new Set((await Promise.all(joiners)).map(({ version }) => version))).toEqual(new Set([1]))
    expect(db.reads.length).toBe(2)
  })
})

describe('C3: joining a load whose tags cannot be computed', () => {
  test('gives nobody who came after any invalidation what began before it', async () => {
    const { cache } = openMemory()
    const rows = cache.define<[number], string>('row', {
      ttl: '1m',
      tags: () => {
        throw new Error('no tags')
      },
    })
    let row = 'old'
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const early = rows.getOrSet([1], async () => {
      const seen = row
      await held
      return seen
    })
    row = 'new'
    await cache.invalidateTags(['row:1'])
    const late = rows.getOrSet([1], async () => row)
    release()
    expect([await early, await late]).toEqual(['old', 'new'])
  })
})

describe('C3: write-throughs', () => {
  test('two that overlap leave nothing, because nobody knows which of them was last', async () => {
    const { cache, rows, db } = scene()
    const release = db.hold()
    const first = rows.put([1], db.reading(1))
    const second = rows.put([1], async () => ({ id: 1, version: 2 }))
    await second
    release()
    await first
    expect(cache.peek('row', [1])).toBeUndefined()
  })

  test('one that an invalidation overtakes leaves nothing', async () => {
    const { cache, rows, db } = scene()
    const release = db.hold()
    const put = rows.put([1], db.reading(1))
    await cache.delete('row', [1])
    release()
    expect(await put).toEqual({ id: 1, version: 0 })
    expect(cache.peek('row', [1])).toBeUndefined()
  })

  test('a read that began during one does not keep the row of before', async () => {
    const { cache, rows, db, read } = scene()
    const release = db.hold()
    const put = rows.put([1], async () => {
      await db.read(1)
      return { id: 1, version: 1 }
    })
    const during = read()
    release()
    await Promise.all([put, during])
    expect(cache.peek('row', [1])?.valueOf()).not.toEqual({ id: 1, version: 0 })
    expect(await rows.getOrSet([1], () => ({ id: 1, version: 1 }))).toEqual({ id: 1, version: 1 })
  })

  test('one that fails passes its error through, and keeps neither the old row nor a new one', async () => {
    const { cache, rows, read } = scene()
    await read()
    const error = new Error('constraint violated')
    await expect(rows.put([1], () => Promise.reject(error))).rejects.toBe(error)
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(cache.inspect().puts).toBe(0)
  })

  test('under a key that only the result names, the entry of that key is invalidated', async () => {
    const { cache, rows, read } = scene()
    await read()
    await rows.put(
      (row) => [row.id],
      async () => ({ id: 1, version: 1 }),
    )
    expect(cache.peek('row', [1])).toBeUndefined()
  })
})

describe('C3: what is refreshed in the background', () => {
  test('is fenced like any load: a refresh that began before a delete is not kept', async () => {
    const { cache, clock, db, read, write } = scene({ staleWhileRevalidate: '1m', jitter: 0 })
    await read()
    await clock.advanceAsync(301_000)
    const release = db.hold()
    expect(await read()).toEqual({ id: 1, version: 0 })
    await clock.settle()
    expect(db.reads.length).toBe(2)
    write(1)
    await cache.delete('row', [1])
    release()
    await cache.drain()
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(await read()).toEqual({ id: 1, version: 1 })
  })

  test.each(INVALIDATIONS)('by %s: invalidated is not stale, so no grace window serves it', async (_, invalidate) => {
    const windows = { staleWhileRevalidate: '10m', staleIfError: '10m', softTimeout: '10ms', jitter: 0 } as const
    const { cache, clock, db, read, write } = scene(windows)
    await read()
    write(1)
    await invalidate(cache)
    db.fail(new Error('database down'))
    await expect(read()).rejects.toThrow('database down')
    db.fail()
    const release = db.hold()
    const slow = read()
    await clock.advanceAsync(20)
    release()
    expect(await slow).toEqual({ id: 1, version: 1 })
  })
})

describe('C3: batches', () => {
  test('a batch that began before an invalidation keeps the other keys and not that one', async () => {
    const { cache, rows, db, write } = scene()
    db.rows.set(2, { id: 2, version: 0 })
    const release = db.hold()
    const batch = rows.getOrSetMany([[1], [2]], (missing) => Promise.all(missing.map(([id]) => db.read(id))))
    await Promise.resolve()
    write(1)
    await cache.delete('row', [1])
    release()
    expect((await batch).map(({ version }) => version)).toEqual([0, 0])
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(cache.peek('row', [2])).toEqual({ id: 2, version: 0 })
  })
})

/** One step of a random history. */
type Step =
  | { readonly do: 'read' | 'read-many' | 'set' | 'put' | 'refresh' }
  | { readonly do: 'land'; readonly which: number }
  | { readonly do: 'write'; readonly how: number }
  | { readonly do: 'wait'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('read-many' as const, 'set', 'put', 'refresh') }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('land' as const), which: fc.nat(5) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write' as const), how: fc.nat(INVALIDATIONS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30_000, 70_000) }) },
)

describe('C3 as a law', () => {
  test('in any history, a read that begins after an invalidation never returns what was there before it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 40 }), async (steps) => {
        await new History().play(steps)
      }),
      { numRuns: 400 },
    )
  })
})

/** A database with one versioned row behind a cache, whose loads land when the history says so. */
class History {
  readonly #stage = openMemory()
  readonly #rows: CachedName<[number], Row> = this.#stage.cache.define<[number], Row>('row', {
    ttl: '1m',
    tags: (row: Row) => [`row:${row.id}`, 'rows'],
    staleWhileRevalidate: '1m',
    staleIfError: '1m',
  })
  readonly #flying: (() => void)[] = []
  readonly #reads: Promise<void>[] = []
  #version = 0

  async play(steps: readonly Step[]): Promise<void> {
    for (const each of steps) {
      await this.#take(each)
      await this.#stage.clock.settle()
    }
    while (this.#flying.length > 0) {
      this.#flying.shift()?.()
      await this.#stage.clock.settle()
    }
    await Promise.all(this.#reads)
    await this.#stage.cache.drain()
    expect(this.#rows.peek([1])?.version ?? this.#version, 'at rest').toBe(this.#version)
  }

  async #take(step: Step): Promise<void> {
    const { cache, clock } = this.#stage
    switch (step.do) {
      case 'read':
        return this.#expectFresh(() => this.#rows.getOrSet([1], this.#load))
      case 'read-many':
        return this.#expectFresh(async () => {
          const [row] = await this.#rows.getOrSetMany([[1]], async () => [await this.#load()])
          return row as Row
        })
      case 'refresh':
        return this.#expectFresh(() => cache.refresh(() => this.#rows.getOrSet([1], this.#load)))
      case 'land':
        this.#flying.splice(step.which % Math.max(1, this.#flying.length), 1)[0]?.()
        return
      case 'wait':
        return clock.advanceAsync(step.ms)
      case 'set': {
        this.#version += 1
        await this.#rows.set([1], this.#row())
        return
      }
      case 'put':
        this.#reads.push(this.#put())
        return
      case 'write': {
        this.#version += 1
        await INVALIDATIONS[step.how]?.[1](cache)
      }
    }
  }

  /** A write-through whose row is written at its beginning and which lands when the history says so. */
  async #put(): Promise<void> {
    await this.#rows.put([1], () => {
      this.#version += 1
      return this.#load()
    })
  }

  #row(): Row {
    return { id: 1, version: this.#version }
  }

  /** Sees the row as it is when it begins, and lands when the history says so. */
  readonly #load = async (): Promise<Row> => {
    const row = this.#row()
    await new Promise<void>((resolve) => this.#flying.push(resolve))
    return row
  }

  #expectFresh(read: () => Promise<Row>): void {
    const floor = this.#version
    this.#reads.push(
      read().then(({ version }) => {
        expect(version, 'a read returned what was there before it began').toBeGreaterThanOrEqual(floor)
      }),
    )
  }
}
