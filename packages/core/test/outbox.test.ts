import { ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import {
  type ClaimedMessage,
  InvalidOption,
  type Outbox,
  type OutboxMessage,
  outboxSchema,
  postgresOutbox,
} from '../src/index.ts'
import { readBody, writeBody } from '../src/outbox/outbox.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', jitter: 0, tags: (_: unknown, id: number) => [`row:${id}`] } as const

interface Row extends OutboxMessage {
  readonly id: string
  claimed: boolean
}

/** An outbox whose table is this object. What is saved is there at once: its database transaction is somebody else's test. */
class Shelf implements Outbox<string> {
  readonly rows: Row[] = []
  readonly clients: string[] = []
  failure: Error | undefined

  async save(client: string, message: OutboxMessage): Promise<string> {
    this.clients.push(client)
    const id = String(this.rows.length + 1)
    this.rows.push({ ...message, id, claimed: false })
    return id
  }

  async claim(namespace: string, count: number): Promise<readonly ClaimedMessage[]> {
    if (this.failure !== undefined) throw this.failure
    const due = this.rows.filter((row) => row.namespace === namespace && !row.claimed).slice(0, count)
    for (const row of due) row.claimed = true
    return due
  }

  async remove(ids: readonly string[]): Promise<void> {
    if (this.failure !== undefined) throw this.failure
    for (const id of ids)
      this.rows.splice(
        this.rows.findIndex((row) => row.id === id),
        1,
      )
  }
}

describe('a transaction that saves to an outbox', () => {
  test('writes what was invalidated with the client it is given, and takes it out once it is delivered', async () => {
    const { cache } = openMemory()
    const shelf = new Shelf()
    await cache.transaction(async (pending) => {
      await cache.invalidateTags(['row:1'])
      await pending.save(shelf, 'the connection')
      expect(shelf.rows).toMatchObject([{ namespace: cache.namespace }])
    })
    await cache.drain()
    expect(shelf.clients).toEqual(['the connection'])
    expect(shelf.rows).toEqual([])
  })

  test('writes nothing when nothing was invalidated, and only what is new when it is called again', async () => {
    const { cache } = openMemory()
    const shelf = new Shelf()
    await cache.transaction(async (pending) => {
      await pending.save(shelf, 'c')
      await cache.clear('one')
      await pending.save(shelf, 'c')
      await pending.save(shelf, 'c')
      await cache.clear('two')
      await pending.save(shelf, 'c')
      expect(shelf.rows.map(({ body }) => readBody('', body).members)).toEqual([['n:one'], ['n:two']])
    })
  })

  test('says so when something was invalidated too late to be saved: it is sent all the same', async () => {
    const { cache } = openMemory()
    const [advice, sent] = [eventsOf(cache, 'advice-given'), eventsOf(cache, 'invalidation-sent')]
    await cache.transaction(async (pending) => {
      await cache.clear('one')
      await pending.save(new Shelf(), 'c')
      await cache.clear('two')
    })
    expect(advice).toMatchObject([{ advice: expect.stringContaining('save() last before the commit') }])
    expect(sent).toMatchObject([{ targets: { names: ['one', 'two'] } }])
  })

  test('an outer transaction saves what inner ones have invalidated, and removes their rows', async () => {
    const { cache } = openMemory()
    const shelf = new Shelf()
    await cache.transaction(async (pending) => {
      await cache.transaction(() => cache.clear('one'))
      await cache.transaction(async (inner) => {
        await cache.clear('two')
        await inner.save(shelf, 'c')
      })
      await pending.save(shelf, 'c')
      expect(shelf.rows.map(({ body }) => readBody('', body).members)).toEqual([['n:two'], ['n:one']])
    })
    await cache.drain()
    expect(shelf.rows).toEqual([])
  })

  test('leaves its rows to be delivered when Redis does not take it', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const shelf = new Shelf()
    await proxy.inject({ kind: 'refuse' })
    await cache.transaction(async (pending) => {
      await cache.clear('row')
      await pending.save(shelf, 'c')
    })
    await cache.drain()
    expect(shelf.rows).toHaveLength(1)
  })
})

describe('delivering from an outbox', () => {
  const saved = async (shelf: Shelf, namespace: string, count = 1) => {
    for (let id = 1; id <= count; id++) {
      const text = String(id)
      const keys = [{ key: `${namespace}:row:1:${text}`, label: 'row:1', text }]
      await shelf.save('c', { namespace, body: writeBody({ keys, members: [] }) })
    }
  }

  test('brings what a process that died has left to everybody, whoever delivers', async () => {
    const [here, there] = [await stage.node(), await stage.node()]
    const rows = there.define<[number], string>('row', POLICY)
    await rows.getOrSet([1], () => 'old')
    await there.drain()
    const shelf = new Shelf()
    await saved(shelf, here.namespace)
    expect(await here.deliverFrom(shelf)).toBe(1)
    expect(shelf.rows).toEqual([])
    await delivered(here, there)
    expect(await rows.getOrSet([1], () => 'new')).toBe('new')
  })

  test('empties what is due, in rounds, and leaves what belongs to another namespace', async () => {
    const { cache } = openMemory()
    const shelf = new Shelf()
    await saved(shelf, cache.namespace, 1_234)
    await saved(shelf, 'another')
    expect(await cache.deliverFrom(shelf)).toBe(1_234)
    expect(shelf.rows).toMatchObject([{ namespace: 'another', claimed: false }])
  })

  test('claims nothing while Redis is away', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const shelf = new Shelf()
    await saved(shelf, cache.namespace)
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(await cache.deliverFrom(shelf)).toBe(0)
    expect(shelf.rows).toMatchObject([{ claimed: false }])
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
    expect(await cache.deliverFrom(shelf)).toBe(1)
  })

  test('keeps what was claimed and could not be delivered: only the outbox survives this process', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const shelf = new Shelf()
    await saved(shelf, cache.namespace, 2)
    await proxy.inject({ kind: 'hang', direction: 'up' })
    expect(await cache.deliverFrom(shelf)).toBe(0)
    expect(shelf.rows).toMatchObject([{ claimed: true }, { claimed: true }])
    await proxy.heal()
    await cache.whenDelivered()
    expect(shelf.rows, 'their time comes again').toHaveLength(2)
  })

  test('a message that cannot be read, of a newer version perhaps, clears the namespace', async () => {
    const { cache } = openMemory()
    const rows = cache.define<[number], string>('row', POLICY)
    await rows.getOrSet([1], () => 'old')
    const shelf = new Shelf()
    for (const body of ['nonsense', '{"v":2,"more":true}', '{"v":1,"keys":1,"members":[]}'])
      await shelf.save('c', { namespace: cache.namespace, body })
    expect(await cache.deliverFrom(shelf)).toBe(3)
    expect(rows.peek([1])).toBeUndefined()
  })

  test('goes on by itself until it is stopped, tells what it did, and tells failures without ending', async () => {
    const clock = new ManualClock({ now: 1_000_000 })
    const { cache } = openMemory({ clock })
    const events = eventsOf(cache, 'outbox-delivered', 'outbox-failed')
    const shelf = new Shelf()
    const stop = cache.keepDelivering(shelf, { every: '2s' })
    await saved(shelf, cache.namespace, 2)
    await clock.advanceAsync(2_000)
    shelf.failure = new Error('the database is away')
    await clock.advanceAsync(2_000)
    shelf.failure = undefined
    await saved(shelf, cache.namespace)
    await clock.advanceAsync(2_000)
    expect(events).toEqual([
      { type: 'outbox-delivered', messages: 2 },
      { type: 'outbox-failed', cause: new Error('the database is away') },
      { type: 'outbox-delivered', messages: 1 },
    ])
    await stop()
    expect(clock.pending).toBe(0)
  })

  test('ends with the cache', async () => {
    const clock = new ManualClock({ now: 1_000_000 })
    const { cache } = openMemory({ clock })
    cache.keepDelivering(new Shelf())
    await cache.close()
    expect(clock.pending).toBe(0)
  })
})

describe('an outbox in PostgreSQL', () => {
  const database = { query: async () => ({ rows: [] }) }

  test.each(['a b', 'a;drop', '1a', 'a.b.c', ''])('refuses the table name %j', (table) => {
    expect(() => outboxSchema(table)).toThrow(InvalidOption)
    expect(() => postgresOutbox({ database, table })).toThrow(InvalidOption)
  })

  test('refuses what runs no SQL', () => {
    expect(() => postgresOutbox({ database: {} as never })).toThrow('database')
  })
})
