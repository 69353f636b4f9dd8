import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCache } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { delivered, timed, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock } from './stage/standing-clock.ts'

const stage = useRedis()
const policy = { ttl: '1m', jitter: 0 } as const
const hedged = { redis: { slowAfter: '40ms', callBudget: '1s' } } as const

describe('redis.slowAfter: the load begins beside a slow Redis', () => {
  test('a Redis that answers in time is waited for, and the load is stored as ever', async () => {
    const { cache } = await stage.proxied(hedged)
    const other = await stage.node()
    const database = new Database([[1, 'row']])
    const user = cache.define('user', policy)
    expect(await user.getOrSet([1], database.reading(1))).toBe('row')
    await cache.drain()
    expect(await other.define('user', policy).getOrSet([1], database.reading(1))).toBe('row')
    expect(database.reads).toEqual([1])
    expect(cache.stats().hedged).toBe(0)
  })

  test('callers of a slow Redis get the load after slowAfter, one load for all of them', async () => {
    const { cache, proxy } = await stage.proxied(hedged)
    const database = new Database([[1, 'row']])
    const user = cache.define('user', policy)
    await proxy.inject({ kind: 'delay', ms: 300, direction: 'down' })
    const took = await timed(() => Promise.all([1, 2, 3].map(() => user.getOrSet([1], database.reading(1)))))
    expect(took).toBeLessThan(250)
    expect(database.reads).toEqual([1])
    expect(cache.stats()).toMatchObject({ hedged: 1, loads: 1, errors: 0 })
    await proxy.heal()
  })

  test('Redis is served when it answers before the load ends', async () => {
    const { cache, proxy } = await stage.proxied(hedged)
    const database = new Database([[1, 'row']])
    await (await stage.node()).define('user', policy).set([1], 'stored')
    const release = database.hold()
    await proxy.inject({ kind: 'delay', ms: 120, direction: 'down' })
    const first = await cache.observe(() => cache.define('user', policy).getOrSet([1], database.reading(1)))
    expect(first).toMatchObject({ value: 'stored', tier: 'l2' })
    expect(database.reads).toEqual([1])
    release()
    await proxy.heal()
  })

  test('a load that began before its grant is never stored: an invalidation between the two stays in force', async () => {
    const { cache, proxy } = await stage.proxied(hedged)
    const other = await stage.node()
    const database = new Database([[1, 'old']])
    const user = cache.define('user', policy)
    const release = database.hold()
    const slow = await proxy.inject({ kind: 'delay', ms: 200, direction: 'up' })
    const reading = user.getOrSet([1], database.reading(1))
    await until(() => database.reads.length === 1)
    database.rows.set(1, 'new')
    await other.define('user', policy).delete([1])
    await wait(500)
    release()
    expect(await reading).toBe('old')
    await slow.lift()
    await cache.drain()
    await delivered(other, cache)
    const fresh = await stage.node()
    expect(await fresh.define('user', policy).getOrSet([1], database.reading(1))).toBe('new')
  })

  test('an invalidation while the load runs keeps it out of memory, also after Redis has answered', async () => {
    const { cache, proxy } = await stage.proxied(hedged)
    const database = new Database([[1, 'old']])
    const user = cache.define('user', policy)
    const other = await stage.node()
    await other.define('user', policy).set([1], 'old')
    await delivered(other, cache)
    const release = database.hold()
    const slow = await proxy.inject({ kind: 'delay', ms: 150, direction: 'down' })
    expect(await user.getOrSet([1], database.reading(1))).toBe('old')
    expect(database.reads).toEqual([1])
    await slow.lift()
    database.rows.set(1, 'new')
    await user.delete([1])
    release()
    await cache.drain()
    expect(await user.getOrSet([1], database.reading(1))).toBe('new')
  })

  test('a load that fails waits for what Redis has, and its own error comes only when Redis has nothing', async () => {
    const { cache, proxy } = await stage.proxied(hedged)
    const user = cache.define('user', policy)
    await (await stage.node()).define('user', policy).set([1], 'stored')
    await proxy.inject({ kind: 'delay', ms: 120, direction: 'down' })
    const broken = new Error('the database is away')
    const failing = () => Promise.reject(broken)
    expect(await user.getOrSet([1], failing)).toBe('stored')
    await expect(user.getOrSet([2], failing)).rejects.toBe(broken)
    await proxy.heal()
  })

  test('a lease that is granted only then is given back: the load has no use for it, and others would wait', async () => {
    const clock = new StandingClock()
    const cache = await stage.node({
      clock,
      maxStaleness: '1h',
      redis: { slowAfter: '5s', callBudget: '20s', leaseTime: '30s' },
    })
    const user = cache.define('user', policy)
    // Redis answers reads, and keeps everything that writes waiting.
    await stage.redis.command('CLIENT', 'PAUSE', '60000', 'WRITE')
    onTestFinished(async () => void (await stage.redis.command('CLIENT', 'UNPAUSE')))
    const reading = user.getOrSet([1], () => 'loaded beside')
    await until(async () => /blocked_clients:[1-9]/.test(String(await stage.redis.command('INFO', 'clients'))))
    await clock.advanceAsync(5_000)
    expect(await reading).toBe('loaded beside')
    const granted = eventsOf(cache, 'lease-acquired')
    await stage.redis.command('CLIENT', 'UNPAUSE')
    await until(() => granted.length === 1)
    await cache.drain()
    await until(async () => (await stage.redis.command('EXISTS', user.keyOf([1]))) === 0)
    const other = await stage.node()
    const waits = eventsOf(other, 'lease-waited')
    expect(await other.define('user', policy).getOrSet([1], () => 'loaded')).toBe('loaded')
    expect(waits).toEqual([])
  })

  test('it must be shorter than the budget', () => {
    const redis = { client: stage.redis.url, slowAfter: '1s', callBudget: '500ms' } as const
    expect(() => createCache({ redis })).toThrow(/redis\.slowAfter.*shorter than redis\.callBudget/)
  })
})
