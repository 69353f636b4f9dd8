import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Cache, type Outbox, postgresOutbox, type SqlClient } from '@granary/core'
import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, Queryable } from '../src/database/database.ts'
import { migrate } from '../src/database/migrate.ts'
import { openPglite } from '../src/database/pglite.ts'
import { UnitOfWork } from '../src/database/unit-of-work.ts'
import { createGateway, createGatewayCache, type Gateway } from '../src/gateway.ts'
import { at, configFor, goodKeys, type SeededDatabase, startSeededDatabase } from './fixture.ts'

let seeded: SeededDatabase
let pglite: Database
let redis: RedisServer

beforeAll(async () => {
  ;[seeded, pglite, redis] = await Promise.all([startSeededDatabase(), openPglite(), startRedis()])
  await migrate(pglite)
  process.env['REDIS_URL'] = redis.url
})
afterAll(async () => {
  await Promise.all([seeded.stop(), pglite.close(), redis.stop()])
})

const sqlOf = (on: Queryable): SqlClient => ({
  query: async (text, values) => ({ rows: await on.query(text, values) }),
})

async function until(fact: () => boolean | Promise<boolean>, patience = 15_000): Promise<void> {
  const giveUpAt = performance.now() + patience
  while (!(await fact())) {
    if (performance.now() > giveUpAt) throw new Error(`Still not so after ${patience} ms: ${fact}`)
    await wait(20)
  }
}

describe.each([
  ['pg', () => seeded.database],
  ['PGlite', () => pglite],
])('the outbox over %s', (name, open) => {
  const namespace = `outbox-${name}`
  const outbox = (grace: '1ms' | '1h' = '1ms'): Outbox<SqlClient> => postgresOutbox({ database: sqlOf(open()), grace })
  const save = (count: number, of = outbox()) =>
    open().transaction(async (transaction) => {
      const ids = []
      for (let body = 1; body <= count; body++)
        ids.push(await of.save(sqlOf(transaction), { namespace, body: String(body) }))
      return ids
    })
  const due = async () => {
    await wait(5)
    return outbox('1h').claim(namespace, 1_000)
  }
  const remove = async () => open().query('delete from granary_outbox')

  test('holds what a transaction has committed, the oldest first, until it is removed', async () => {
    const ids = await save(3)
    const messages = await due()
    expect(messages.map(({ id }) => id)).toEqual(ids)
    expect(messages.map(({ body }) => body)).toEqual(['1', '2', '3'])
    await outbox().remove(ids)
    expect(await open().query('select id from granary_outbox')).toEqual([])
  })

  test('holds nothing of a transaction that was rolled back', async () => {
    const failing = open().transaction(async (transaction) => {
      await outbox().save(sqlOf(transaction), { namespace, body: 'never' })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    expect(await due()).toEqual([])
  })

  test('leaves a message to whoever wrote it, and to whoever claimed it, for the grace', async () => {
    await save(1, outbox('1h'))
    expect(await due()).toEqual([])
    await remove()
    await save(2)
    expect(await due()).toHaveLength(2)
    expect(await due()).toEqual([])
    await remove()
  })

  test('a message that its claimer did not deliver is due again', async () => {
    await save(1)
    await wait(5)
    expect(await outbox().claim(namespace, 10)).toHaveLength(1)
    expect(await due()).toHaveLength(1)
    await remove()
  })

  test('gives several claimers at once different messages, and all of them', async () => {
    const ids = await save(200)
    await wait(5)
    const claims = await Promise.all(Array.from({ length: 8 }, () => outbox('1h').claim(namespace, 30)))
    const claimed = claims.flat().map(({ id }) => id)
    expect(new Set(claimed).size).toBe(claimed.length)
    const rest = await outbox('1h').claim(namespace, 1_000)
    expect([...claimed, ...rest.map(({ id }) => id)].map(Number).sort((a, b) => a - b)).toEqual(ids.map(Number))
    await remove()
  })
})

describe('a process that is killed between commit and sending', () => {
  const PROGRAM = fileURLToPath(new URL('programs/die-after-commit.ts', import.meta.url))

  async function killed(userId: number, how: 'with-outbox' | 'without'): Promise<void> {
    const flags = ['--conditions=@granary/source', '--import=tsx', PROGRAM, seeded.url, String(userId), how]
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'inherit', 'inherit'] })
    const [, signal] = await once(child, 'exit')
    expect(signal).toBe('SIGKILL')
  }

  async function scene(): Promise<{ cache: Cache; gateway: Gateway; userId: number; total: () => Promise<string> }> {
    const cache = createGatewayCache({ ...configFor(seeded.url), redis: true })
    await cache.ready()
    const gateway = createGateway(seeded.database, { ...configFor(seeded.url), redis: true }, cache)
    const { userId } = at(goodKeys(seeded.accounts), 3)
    return { cache, gateway, userId, total: async () => (await gateway.services.credits.balance(userId))?.total ?? '' }
  }

  const truth = async (userId: number) => {
    const [row] = await seeded.database.query<{ total: string }>(
      'select subscription_allowance + purchased_credits as total from users where id = $1',
      [userId],
    )
    return row?.total
  }

  test('loses its invalidation without an outbox: others go on with what they have', async () => {
    const { gateway, userId, total } = await scene()
    const before = await total()
    await killed(userId, 'without')
    expect(await truth(userId)).not.toBe(before)
    await wait(1_500)
    expect(await total()).toBe(before)
    await gateway.close()
  })

  test('has written it to the outbox: another process delivers it, and every reader gets the new value', async () => {
    const { cache, gateway, userId, total } = await scene()
    await cache.clear()
    const told: number[] = []
    cache.on('outbox-delivered', ({ messages }) => told.push(messages))
    const before = await total()
    await killed(userId, 'with-outbox')
    const committed = await truth(userId)
    expect(committed).not.toBe(before)
    expect(await seeded.database.query('select id from granary_outbox')).toHaveLength(1)
    expect(await total()).toBe(before)
    await until(() => told.length > 0)
    expect(told).toEqual([1])
    expect(await total()).toBe(committed)
    await until(async () => (await seeded.database.query('select id from granary_outbox')).length === 0)
    await gateway.close()
  })
})

describe('a unit of work', () => {
  test('commits rows and invalidations together, and leaves nothing in the outbox when both went well', async () => {
    const cache = createGatewayCache(configFor(seeded.url))
    const gateway = createGateway(seeded.database, configFor(seeded.url), cache)
    const { userId } = at(goodKeys(seeded.accounts), 4)
    const { credits } = gateway.services
    const before = await credits.balance(userId)
    await credits.add({ userId, amount: '1.0000', requestId: randomUUID() })
    expect((await credits.balance(userId))?.total).not.toBe(before?.total)
    await cache.drain()
    expect(await seeded.database.query('select id from granary_outbox')).toEqual([])
    await gateway.close()
  })

  test.each([
    ['pg', () => seeded.database],
    ['PGlite', () => pglite],
  ])('over %s drops what it has invalidated together with its rows', async (_, open) => {
    const cache = createGatewayCache(configFor(seeded.url))
    const unit = new UnitOfWork(open(), cache)
    const rows = cache.define<[], string>('row', { ttl: '5m' })
    await rows.getOrSet([], () => 'kept')
    const failing = unit.run(async () => {
      await unit.database.query(`insert into granary_outbox (namespace, body, due_at) values ('x', 'x', now())`)
      await unit.database.transaction((transaction) => transaction.query('select 1'))
      await cache.clear('row')
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(rows.peek([])).toBe('kept')
    expect(await open().query('select id from granary_outbox')).toEqual([])
    await unit.run(async () => {
      await cache.clear('row')
    })
    expect(rows.peek([])).toBeUndefined()
    await cache.drain()
    expect(await open().query('select id from granary_outbox')).toEqual([])
    await cache.close()
  })
})
