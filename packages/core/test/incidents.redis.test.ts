import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Cache, isCache } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { openMemory } from './stage/memory-stage.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()

/** What went wrong in caches that were written by hand, and cannot here: docs/incidents.md has the list. */
describe('incidents that cannot happen again', () => {
  interface User {
    readonly id: number
    readonly credits: number
  }

  const BY_ID = { ttl: '5m', tags: (user: User) => [`user:${user.id}`] } as const
  const BY_KEY = { ...BY_ID, secret: true } as const
  const pepper = 'a pepper of more than sixteen bytes'

  function users(cache: Cache) {
    return {
      byId: cache.define<[number], User>('user:by_id', BY_ID),
      byKey: cache.define<[string], User>('user:by_key', BY_KEY),
    }
  }

  test('incident 1: adding credits drops every entry that shows them, whatever it was found by', async () => {
    const [one, other] = [await stage.node({ pepper }), await stage.node({ pepper })]
    let user: User = { id: 7, credits: 0 }
    const read = async (cache: Cache) => {
      const { byId, byKey } = users(cache)
      return [(await byId.getOrSet([7], () => user)).credits, (await byKey.getOrSet(['sk-7'], () => user)).credits]
    }
    expect([await read(one), await read(other)]).toEqual([
      [0, 0],
      [0, 0],
    ])
    user = { id: 7, credits: 100 }
    await one.invalidateTags(['user:7'])
    expect(await read(one)).toEqual([100, 100])
    await delivered(one, other)
    expect(await read(other)).toEqual([100, 100])
  })

  test('incident 5: whoever writes reads his own write, at once and on his own node', async () => {
    const cache = await stage.node({ pepper })
    const { byId } = users(cache)
    for (let credits = 0; credits < 20; credits++) {
      await cache.invalidateTags(['user:7'])
      expect((await byId.getOrSet([7], () => ({ id: 7, credits }))).credits).toBe(credits)
    }
  })

  test('incident 10: forty invalidations in a row are answered with one rebuild, not with a storm of them', async () => {
    const cache = await stage.node()
    const catalog = cache.define<[], number>('catalog', { ttl: '5m', tags: ['models'] })
    let rebuilds = 0
    const read = () =>
      catalog.getOrSet([], async () => {
        rebuilds += 1
        await wait(30)
        return rebuilds
      })
    await read()
    await Promise.all(Array.from({ length: 40 }, (_, at) => cache.invalidateTags([`provider:${at}`, 'models'])))
    await Promise.all(Array.from({ length: 200 }, read))
    expect(rebuilds).toBe(2)
  })

  test('incident 12: an aggregate depends on its parts by their tags, so nothing has to cascade', async () => {
    const { cache } = openMemory()
    const prices = new Map([
      ['a', 1],
      ['b', 2],
    ])
    const total = cache.define<[], number>('total', {
      ttl: '5m',
      tags: () => [...prices.keys()].map((id) => `model:${id}`),
    })
    const sum = () => total.getOrSet([], () => [...prices.values()].reduce((all, each) => all + each, 0))
    expect(await sum()).toBe(3)
    prices.set('b', 20)
    await cache.invalidateTags(['model:b'])
    expect(await sum()).toBe(21)
  })

  test('incident 13: what was read from tables that were half written does not outlive the end of the sync', async () => {
    const cache = await stage.node()
    const models = cache.define<[], string>('models', { ttl: '30m', tags: ['models'] })
    const db = new Database([['models', 'half']])
    const release = db.hold()
    const early = models.getOrSet([], () => db.read('models') as Promise<string>)
    await until(() => db.reads.length === 1)
    db.rows.set('models', 'whole')
    await cache.invalidateTags(['models'])
    release()
    expect(await early).toBe('half')
    await cache.drain()
    expect(await models.getOrSet([], () => db.read('models') as Promise<string>)).toBe('whole')
  })

  test('incident 16: the clock of invalidations never goes back, and the entry is gone before it advances', async () => {
    const cache = await stage.node()
    cache.define('row', { ttl: '5m' })
    const monitor = await stage.redis.monitor()
    const read = async () =>
      String(await stage.redis.command('GET', `{${stage.namespace}}:clk`))
        .split(':')
        .slice(1, 3)
        .map(Number)
    let [tags, sequence] = (await read()) as [number, number]
    for (let round = 0; round < 10; round++) {
      await Promise.all([cache.delete('row', [round]), cache.invalidateTags(['t']), cache.clear('row')])
      const [nextTags, nextSequence] = (await read()) as [number, number]
      expect([nextTags, nextSequence]).toEqual([tags + 2, sequence + 3])
      ;[tags, sequence] = [nextTags, nextSequence]
    }
    const told = (await monitor.commands({ scripts: true })).filter(
      ({ name, from }) => from === 'lua' && /^(DEL|PUBLISH)$/.test(name),
    )
    const deleted = told.findIndex(({ name, args }) => name === 'DEL' && args[1]?.endsWith(':row:1:9'))
    expect(deleted).toBeGreaterThanOrEqual(0)
    expect(told[deleted + 1]).toMatchObject({
      name: 'PUBLISH',
      args: expect.arrayContaining([expect.stringContaining('"9"')]),
    })
  })

  test('incident 18: an invalidation that Redis does not take still holds here, and skips none of the others', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    for (const name of ['price', 'plan']) await cache.getOrSet(name, [1], () => 'old')
    await proxy.inject({ kind: 'refuse' })
    const receipts = await Promise.all([cache.delete('price', [1]), cache.clear('plan')])
    expect(receipts.every(({ delivered }) => !delivered)).toBe(true)
    for (const name of ['price', 'plan']) expect(await cache.getOrSet(name, [1], () => 'new')).toBe('new')
  })

  test('incident 32: a cache of a second copy of this package is a cache', () => {
    expect(isCache(openMemory().cache)).toBe(true)
    expect(isCache({ [Symbol.for('granary.cache')]: true })).toBe(true)
    for (const other of [null, undefined, {}, 'cache', () => 1]) expect(isCache(other)).toBe(false)
  })

  test('incident 35: nothing ever walks the keys of Redis', async () => {
    const monitor = await stage.redis.monitor()
    const cache = await stage.node()
    await cache.getOrSetMany(
      'row',
      Array.from({ length: 50 }, (_, id) => id),
      async (ids) => ids.map((id) => id),
    )
    await cache.drain()
    await cache.delete('row', [1])
    await cache.invalidateTags(['t'])
    await cache.clear('row')
    await cache.clear()
    cache.stats()
    await cache.close()
    const names = (await monitor.commands({ scripts: true })).map(({ name }) => name)
    expect(names.length).toBeGreaterThan(50)
    for (const walk of ['KEYS', 'SCAN', 'SSCAN', 'HSCAN', 'ZSCAN', 'RANDOMKEY', 'FLUSHDB', 'FLUSHALL'])
      expect(names).not.toContain(walk)
  })
})
