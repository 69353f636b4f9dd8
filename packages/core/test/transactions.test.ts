import { describe, expect, test } from 'vitest'
import { type Cache, type CachedName, InvalidationNotDelivered } from '../src/index.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'
import { delivered, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', jitter: 0, tags: (_: unknown, id: number) => [`row:${id}`] } as const

type Rows = CachedName<[number], string>

/** A table with one connection that has begun a transaction: it sees its own writes, everybody else what is committed. */
class Table {
  readonly committed = new Map<number, string>()
  #own: Map<number, string> | undefined

  read(id: number, inside: boolean): string {
    return (inside ? this.#own?.get(id) : undefined) ?? this.committed.get(id) ?? 'absent'
  }

  write(id: number, value: string): void {
    this.#own?.set(id, value)
  }

  async begin<T>(work: () => Promise<T>): Promise<T> {
    const outer = this.#own
    this.#own = new Map(outer)
    try {
      const result = await work()
      if (outer === undefined) for (const [id, value] of this.#own) this.committed.set(id, value)
      else for (const [id, value] of this.#own) outer.set(id, value)
      return result
    } finally {
      this.#own = outer
    }
  }
}

function scene(cache: Cache = openMemory().cache) {
  const table = new Table()
  for (const id of [1, 2, 3]) table.committed.set(id, `old ${id}`)
  const rows: Rows = cache.define<[number], string>('row', POLICY)
  const read = (id: number, inside = false) => rows.getOrSet([id], async () => table.read(id, inside))
  return { cache, table, rows, read }
}

const WAYS: readonly (readonly [string, (cache: Cache, rows: Rows) => Promise<unknown>])[] = [
  ['the entry', (cache) => cache.delete('row', [1])],
  ['the entry, by its name', (_, rows) => rows.delete([1])],
  ['a tag', (cache) => cache.invalidateTags(['row:1'])],
  ['the name', (cache) => cache.clear('row')],
  ['the name, by itself', (_, rows) => rows.clear()],
  ['the namespace', (cache) => cache.clear()],
  ['set', (_, rows) => rows.set([1], 'new 1')],
  ['a write-through', (_, rows) => rows.put([1], async () => 'new 1')],
  [
    'a write-through under its result',
    (_, rows) =>
      rows.put(
        () => [1],
        async () => 'new 1',
      ),
  ],
]

describe('a transaction', () => {
  test.each(WAYS)('%s: others keep what was committed until the commit, and not longer', async (_, invalidate) => {
    const { cache, table, rows, read } = scene()
    expect(await read(1)).toBe('old 1')
    const outside: unknown[] = []
    await cache.transaction(() =>
      table.begin(async () => {
        table.write(1, 'new 1')
        await invalidate(cache, rows)
        outside.push(await elsewhere(() => read(1)), cache.inspect().puts)
      }),
    )
    expect(outside).toEqual(['old 1', 0])
    expect(await read(1)).toBe('new 1')
  })

  test.each(WAYS)('%s: a rollback drops it', async (_, invalidate) => {
    const { cache, table, rows, read } = scene()
    await read(1)
    const sent = eventsOf(cache, 'invalidation-sent')
    const failing = cache.transaction(() =>
      table.begin(async () => {
        table.write(1, 'new 1')
        await invalidate(cache, rows)
        throw new Error('rolled back')
      }),
    )
    await expect(failing).rejects.toThrow('rolled back')
    expect(sent).toEqual([])
    expect(rows.peek([1])).toBe('old 1')
  })

  test.each(WAYS)('%s: a read inside sees what the transaction wrote, and nobody else does', async (_, invalidate) => {
    const { cache, table, rows, read } = scene()
    await read(1)
    await cache.transaction(() =>
      table.begin(async () => {
        expect(await read(1, true)).toBe('old 1')
        table.write(1, 'new 1')
        await invalidate(cache, rows)
        expect(rows.peek([1])).toBeUndefined()
        expect(await rows.get([1])).toBeUndefined()
        expect(await read(1, true)).toBe('new 1')
        expect(await elsewhere(() => read(1))).toBe('old 1')
      }),
    )
  })

  test('what was not touched is still answered from the cache', async () => {
    const { cache, rows, read } = scene()
    await read(2)
    await cache.transaction(async () => {
      await cache.delete('row', [1])
      await cache.invalidateTags(['row:3'])
      expect(await rows.getOrSet([2], () => 'loaded')).toBe('old 2')
      expect(await cache.observe(() => rows.getOrSet([2], () => 'loaded'))).toMatchObject({ tier: 'l1' })
      expect(rows.peek([2])).toBe('old 2')
    })
  })

  test('what a load inside brings is not stored and not shared, also before anything was invalidated', async () => {
    const { cache, table, rows, read } = scene()
    await expect(
      cache.transaction(() =>
        table.begin(async () => {
          table.write(1, 'never committed')
          const [inside, outside] = await Promise.all([read(1, true), elsewhere(() => read(1))])
          expect([inside, outside]).toEqual(['never committed', 'old 1'])
          throw new Error('rolled back')
        }),
      ),
    ).rejects.toThrow('rolled back')
    expect(rows.peek([1])).toBe('old 1')
    expect(cache.inspect().flights).toBe(0)
  })

  test('a batch inside loads what is missing or touched with one call, and stores nothing of it', async () => {
    const { cache, rows, read } = scene()
    await Promise.all([read(1), read(2)])
    await cache.transaction(async () => {
      await rows.delete([1])
      const asked: number[][] = []
      const values = await rows.getOrSetMany([[1], [2], [3]], async (missing) => {
        asked.push(missing.map(([id]) => id))
        return missing.map(([id]) => `inside ${id}`)
      })
      expect(values).toEqual(['inside 1', 'old 2', 'inside 3'])
      expect(asked).toEqual([[1, 3]])
    })
    expect([1, 2, 3].map((id) => rows.peek([id]))).toEqual([undefined, 'old 2', undefined])
  })

  test('of nested transactions the outermost sends, once, and keeps what one that failed has invalidated', async () => {
    const { cache, rows, read } = scene()
    await Promise.all([read(1), read(2), read(3)])
    const sent = eventsOf(cache, 'invalidation-sent')
    await cache.transaction(async () => {
      await cache.transaction(() => rows.delete([1]))
      await expect(
        cache.transaction(async () => {
          await rows.delete([2])
          throw new Error('back to the savepoint, if there was one')
        }),
      ).rejects.toThrow('savepoint')
      await rows.delete([3])
      expect(sent).toEqual([])
      expect([1, 2, 3].map((id) => rows.peek([id]))).toEqual([undefined, undefined, undefined])
      expect(await elsewhere(async () => [1, 2, 3].map((id) => rows.peek([id])))).toEqual(['old 1', 'old 2', 'old 3'])
    })
    expect(sent).toEqual([expect.objectContaining({ targets: expect.objectContaining({ keys: 3 }) })])
    expect([1, 2, 3].map((id) => rows.peek([id]))).toEqual([undefined, undefined, undefined])
  })

  test('a nested one that commits is dropped with the outer one that does not', async () => {
    const { cache, rows, read } = scene()
    await read(1)
    await expect(
      cache.transaction(async () => {
        await cache.transaction(() => rows.delete([1]))
        throw new Error('rolled back')
      }),
    ).rejects.toThrow('rolled back')
    expect(rows.peek([1])).toBe('old 1')
  })

  test('what its code left running counts as outside when it is over', async () => {
    const { cache, rows, read } = scene()
    await read(1)
    let late: Promise<unknown> = Promise.resolve()
    let go = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    await cache.transaction(async () => {
      late = gate.then(() => rows.delete([1]))
    })
    go()
    expect(await late).toEqual({ delivered: true })
    expect(rows.peek([1])).toBeUndefined()
  })

  test('belongs to one cache: others are not held back', async () => {
    const { cache, rows, read } = scene()
    const other = scene()
    await Promise.all([read(1), other.read(1)])
    await cache.transaction(async () => {
      await other.rows.delete([1])
      await rows.delete([1])
      expect(other.rows.peek([1])).toBeUndefined()
    })
  })

  test('of more than ten thousand entries clears the namespace', async () => {
    const { cache, rows, read } = scene()
    await read(1)
    const sent = eventsOf(cache, 'invalidation-sent')
    await cache.transaction(async () => {
      await cache.invalidate({ entries: Array.from({ length: 10_001 }, (_, id) => ({ name: 'row', args: [id + 10] })) })
    })
    expect(sent).toEqual([expect.objectContaining({ targets: { keys: 0, tags: 0, names: [], namespace: true } })])
    expect(rows.peek([1])).toBeUndefined()
  })

  test('a call that throws at once is a rollback too', async () => {
    const { cache } = scene()
    const failing = cache.transaction((): Promise<void> => {
      throw new Error('at once')
    })
    await expect(failing).rejects.toThrow('at once')
  })

  test('hits outside stay synchronous while transactions run', async () => {
    const { cache, rows, read } = scene()
    await read(1)
    await cache.transaction(async () => {
      expect(rows.hit([1])).toBeUndefined()
      expect(await elsewhere(async () => rows.hit([1]) !== undefined)).toBe(true)
    })
  })
})

describe('a transaction between processes', () => {
  test('everybody has it when it resolves; nobody before', async () => {
    const here = scene(await stage.node())
    const there = scene(await stage.node())
    await there.read(1)
    await here.cache.transaction(async () => {
      await here.rows.delete([1])
      await elsewhere(() => delivered(here.cache, there.cache))
      expect(there.rows.peek([1])).toBe('old 1')
    })
    await delivered(here.cache, there.cache)
    expect(there.rows.peek([1])).toBeUndefined()
  })

  test('what is required and not delivered is an error although the commit stands, and stays queued', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const { rows } = scene(cache)
    await proxy.inject({ kind: 'refuse' })
    const committing = cache.transaction(async () => {
      expect(await cache.invalidate({ entries: [{ name: 'row', args: [1] }] }, { required: true })).toEqual({
        delivered: false,
        queued: true,
      })
    })
    await expect(committing).rejects.toThrow(InvalidationNotDelivered)
    expect(cache.stats().queued).toBe(1)
    expect(rows.peek([1])).toBeUndefined()
  })
})

/** Runs outside of the transaction around the call, as another request of the process would. */
function elsewhere<T>(work: () => Promise<T>): Promise<T> {
  return outside.run(work)
}

/** A place whose async context is that of the file. */
const outside = {
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      queue.push(() => work().then(resolve, reject))
      wake()
    })
  },
}
const queue: (() => unknown)[] = []
let wake = () => {}

async function serve(): Promise<never> {
  for (;;) {
    await new Promise<void>((resolve) => {
      wake = resolve
    })
    for (const each of queue.splice(0)) each()
  }
}
void serve()
