import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Cache, Receipt } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const subscriber = (connection: { sent(command: string): boolean }) => connection.sent('SUBSCRIBE')
const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', POLICY)

/** A node whose bus is held back, with an old row in memory, beside a node where things happen. */
async function scene({ maxStaleness = '30s' as const, redis = {} } = {}) {
  const { cache: behind, proxy } = await stage.proxied({ maxStaleness, redis })
  const writer = await stage.node()
  const db = new Database<string>([[1, 'old']])
  const read = (cache: Cache) => rowsOf(cache).getOrSet([1], db.reading(1))
  await until(async () => {
    await read(behind)
    return behind.peek('row', [1]) === 'old'
  })
  await behind.drain()
  const holdBus = () => proxy.inject({ kind: 'hang', direction: 'down', connections: subscriber })
  return { behind, writer, db, read, proxy, holdBus }
}

const bookmarkIn = (receipt: Receipt) => (receipt.delivered ? receipt.bookmark : undefined) as string

const WRITES: readonly (readonly [string, (cache: Cache) => Promise<Receipt>])[] = [
  ['an entry', (cache) => cache.delete('row', [1])],
  ['a tag', (cache) => cache.invalidateTags(['row:1'])],
  ['a name', (cache) => cache.clear('row')],
  ['the namespace', (cache) => cache.clear()],
]

describe('read-your-writes: an invalidation marked by its receipt', () => {
  test.each(WRITES)('of %s is seen on a node that its message has not reached', async (_, invalidate) => {
    const { behind, writer, db, read, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await invalidate(writer))
    expect(await read(behind)).toBe('old')
    expect(await behind.follow(bookmark, () => read(behind))).toBe('new')
    expect(await behind.follow(bookmark, () => behind.observe(() => read(behind)))).toMatchObject({ value: 'new' })
  })

  test('a set and a write-through are marked too', async () => {
    const { behind, writer, holdBus } = await scene()
    await holdBus()
    const bookmark = bookmarkIn(await rowsOf(writer).set([1], 'set'))
    expect(await behind.follow(bookmark, () => rowsOf(behind).get([1]))).toBe('set')
    const put = await writer.follow(undefined, async () => {
      await rowsOf(writer).put([1], async () => 'put')
      return writer.bookmark()
    })
    expect(await behind.follow(put, () => rowsOf(behind).get([1]))).toBe('put')
  })

  test('peek and get tell nothing older either', async () => {
    const { behind, writer, db, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await writer.delete('row', [1]))
    await behind.follow(bookmark, async () => {
      expect(behind.peek('row', [1])).toBeUndefined()
      expect(await behind.get('row', [1])).toBeUndefined()
    })
    expect(behind.peek('row', [1])).toBe('old')
  })

  test('a load that was running before is not joined', async () => {
    const { behind, writer, db, holdBus } = await scene()
    await behind.delete('row', [1])
    await holdBus()
    const release = db.hold()
    const early = rowsOf(behind).getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 2)
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await writer.delete('row', [1]))
    const late = behind.follow(bookmark, () => rowsOf(behind).getOrSet([1], db.reading(1)))
    await wait(20)
    release()
    expect([await early, await late]).toEqual(['old', 'new'])
  })

  test('memory serves again as soon as the message is there', async () => {
    const { behind, writer, db, read, proxy, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await writer.delete('row', [1]))
    await proxy.heal()
    await until(() => behind.health().redis === 'open')
    await read(behind)
    await until(async () => {
      const { tier } = await behind.follow(bookmark, () => behind.observe(() => read(behind)))
      return tier === 'l1'
    })
  })
})

describe('read-your-writes: one caller on several nodes', () => {
  test('follows its own writes without being told how', async () => {
    const { behind, writer, db, read, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = await writer.follow(undefined, async () => {
      await writer.delete('row', [1])
      return writer.bookmark()
    })
    expect(await behind.follow(bookmark, () => read(behind))).toBe('new')
  })

  test('what it has read elsewhere it reads at least as new here: monotonic reads', async () => {
    const { behind, writer, db, read, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    await writer.delete('row', [1])
    const reader = await stage.node()
    const bookmark = await reader.follow(undefined, async () => {
      expect(await read(reader)).toBe('new')
      return reader.bookmark()
    })
    expect(await read(behind)).toBe('old')
    expect(await behind.follow(bookmark, () => read(behind))).toBe('new')
  })

  test('holds for what it starts and leaves behind, and for nobody else', async () => {
    const { behind, writer, db, read, holdBus } = await scene()
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await writer.delete('row', [1]))
    let later: Promise<unknown> = Promise.resolve()
    behind.follow(bookmark, () => {
      later = wait(10).then(() => read(behind))
    })
    expect(await read(behind)).toBe('old')
    expect(await later).toBe('new')
  })

  test('two caches in one process are followed apart, one inside the other', async () => {
    const { behind, writer, db, read, holdBus } = await scene()
    const other = await stage.node({ namespace: `${stage.namespace}-other` })
    await holdBus()
    db.rows.set(1, 'new')
    const bookmark = bookmarkIn(await writer.delete('row', [1]))
    await behind.follow(bookmark, () =>
      other.follow(undefined, async () => {
        await other.delete('row', [9])
        expect(await read(behind)).toBe('new')
      }),
    )
  })

  test('a write that Redis has not taken keeps its caller from memory, here until it is delivered, elsewhere always', async () => {
    const { behind, writer, proxy, read } = await scene()
    await proxy.inject({ kind: 'refuse' })
    await until(() => behind.health().redis === 'away')
    await behind.follow(undefined, async () => {
      expect(await behind.delete('row', [1])).toEqual({ delivered: false, queued: true })
      expect(behind.bookmark()).toMatch(/\.q$/)
      await read(writer)
      await writer.follow(behind.bookmark(), async () => expect(writer.peek('row', [1])).toBeUndefined())
      await proxy.heal()
      await behind.whenDelivered()
      expect(behind.bookmark()).not.toMatch(/\.q$/)
      await until(async () => (await behind.observe(() => read(behind))).tier === 'l1')
    })
  })
})

describe('read-your-writes: text from outside', () => {
  test.each(['garbage', '1.1', 'zzzzzzzzzz.zzzzzzzzzz', '<script>', 'x'.repeat(100_000)])(
    'that is no bookmark of ours (%.20s) costs one question, and never an error or a wrong answer',
    async (text) => {
      const { behind, read } = await scene({ maxStaleness: '30s' })
      await behind.follow(text, async () => {
        expect(await behind.observe(() => read(behind))).toMatchObject({ value: 'old', tier: 'l2' })
        expect(await behind.observe(() => read(behind))).toMatchObject({ value: 'old', tier: 'l1' })
        expect(behind.bookmark()).toBe(bookmarkOutside(behind))
      })
    },
  )

  test('that is no text is refused', async () => {
    const cache = await stage.node()
    expect(() => cache.follow(7 as never, () => 1)).toThrow(/bookmark.*7.*string/)
    expect(() => cache.follow(['a', 'b'] as never, () => 1)).toThrow(/bookmark/)
  })

  test('empty, or none, follows nothing', async () => {
    const { behind, read } = await scene()
    for (const text of ['', undefined])
      expect(await behind.follow(text, () => behind.observe(() => read(behind)))).toMatchObject({ tier: 'l1' })
  })

  test('that marks a place in an incarnation that is over is over too, once Redis has said so', async () => {
    const { behind, writer, read } = await scene()
    const bookmark = bookmarkIn(await writer.delete('row', [2]))
    await stage.redis.command('FLUSHALL')
    await behind.delete('row', [3])
    const incarnation = (mark?: string) => mark?.split('.')[0]
    await until(() => incarnation(behind.bookmark()) !== incarnation(bookmark) && behind.health().redis === 'open')
    await behind.follow(bookmark, async () => {
      expect((await behind.observe(() => read(behind))).tier).not.toBe('l1')
      await until(async () => (await behind.observe(() => read(behind))).tier === 'l1')
      expect(incarnation(behind.bookmark())).not.toBe(incarnation(bookmark))
    })
  })
})

function bookmarkOutside(cache: Cache): string | undefined {
  return cache.follow(undefined, () => cache.bookmark())
}
