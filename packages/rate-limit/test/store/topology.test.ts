import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@granary/core'
import {
  type RedisCluster,
  type RedisServer,
  startFaultProxy,
  startRedis,
  startRedisCluster,
  startSentinel,
} from '@granary/testing'
import { Cluster } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { bucket, concurrency, createRateLimiter, quota, type RateLimiter, window } from '../../src/index.ts'
import { limiterOn, SILENT, until } from '../support/limiter.ts'
import { Stopwatch } from '../support/stopwatch.ts'

describe('a replica that takes over', () => {
  test('is reminded by each process of what it used itself, where the last writes did not reach it (law 6)', async () => {
    const [master, replica] = await Promise.all([startRedis(), startRedis()])
    await replica.command('REPLICAOF', master.host, master.port)
    await until(async () => String(await replica.command('INFO', 'replication')).includes('master_link_status:up'))
    const before = await startFaultProxy({ target: master })
    const { port } = before
    const limiter = createRateLimiter({ redis: before.url, namespace: 'test', logger: SILENT })
    await limiter.ready()
    const set = limiter.define('user', { limits: { minute: window(20, '1m') }, deadline: '2s' })
    for (let call = 0; call < 10; call++) await set.check('user:7')
    await master.command('WAIT', 1, 1_000)
    await replica.command('REPLICAOF', 'NO', 'ONE')
    for (let call = 0; call < 8; call++) await set.check('user:7')
    const hasty = limiter.define('hasty', { limits: { minute: window(1_000, '1m') } })
    const watch = new Stopwatch()
    const deciding = Array.from({ length: 64 }, () => watch.time(() => hasty.check('user:7')))
    await before.stop()
    expect((await Promise.all(deciding)).every(({ ok }) => ok)).toBe(true)
    expect(watch.stop()).toBeLessThanOrEqual(50 + 20)
    const after = await startFaultProxy({ target: replica, port })
    await until(() => limiter.health().state === 'redis')
    expect(await set.check('user:7')).toMatchObject({ ok: true, source: 'redis', limits: { minute: { remaining: 1 } } })
    await limiter.close()
    await after.stop()
    await Promise.all([master.stop(), replica.stop()])
  })
})

describe('a cluster', () => {
  test('sees one slot per subject, decides every kind of limit, and is decided without while a master is lost (law 10)', async () => {
    const cluster = await startRedisCluster({ masters: 3, replicas: 1 })
    const client = new Cluster(cluster.addresses)
    const limiter = createRateLimiter({
      redis: client,
      namespace: 'test',
      logger: SILENT,
      deadline: '2s',
    })
    await limiter.ready()
    const set = limiter.define('user', {
      limits: {
        minute: window(10, '1m'),
        burst: bucket({ rate: 1, per: '1m', burst: 10 }),
        day: quota(100, { every: 'day' }),
        live: concurrency(3, { lease: '60s' }),
      },
    })
    const monitors = await Promise.all(cluster.nodes.map((node) => node.monitor()))
    const subjects = Array.from({ length: 12 }, (_, index) => `user:${index}`)
    for (const subject of subjects) {
      const held = await set.reserve(subject)
      expect(held).toMatchObject({ ok: true, source: 'redis' })
      if (held.ok) expect(await held.settle()).toBe(true)
      await set.peek(subject)
    }
    const seen = await Promise.all(monitors.map((monitor) => monitor.commands({ scripts: true })))
    const keys = seen
      .flat()
      .filter(({ name }) => name === 'GET' || name === 'SET' || name === 'SETRANGE')
      .map(({ args }) => args[1] as string)
    const slots = new Map<string, unknown>()
    for (const key of new Set(keys)) slots.set(key, await cluster.nodes[0]?.command('CLUSTER', 'KEYSLOT', key))
    for (const subject of subjects) {
      const own = keys.filter((key) => new RegExp(`:${subject}(?!\\d)`).test(key))
      expect(own.length).toBeGreaterThan(0)
      expect(new Set(own.map((key) => slots.get(key))).size).toBe(1)
    }
    expect(new Set(slots.values()).size).toBeGreaterThan(3)
    const victim = await cluster.masterOf(keys.find((key) => key.endsWith(':user:0')) as string)
    await victim.kill()
    const decision = await limiter
      .define('quick', { limits: { minute: window(10, '1m') }, deadline: '50ms' })
      .check('user:0')
    expect(decision.ok).toBe(true)
    await cluster.settled()
    await until(async () => (await set.peek('user:0')).source === 'redis')
    expect((await set.peek('user:0')).limits.minute?.remaining).toBe(9)
    await limiter.close()
    client.disconnect()
    await cluster.stop()
  }, 60_000)
})

/** A subject is decided by Redis, by this process while its server is lost, and by Redis again, which has kept the count. */
async function survives(limiter: RateLimiter, lose: () => Promise<unknown>): Promise<void> {
  await limiter.ready()
  const set = limiter.define('user', { limits: { minute: window(10, '1m') }, deadline: '100ms' })
  await until(async () => (await set.peek('user:0')).source === 'redis')
  expect(await set.check('user:0')).toMatchObject({ ok: true, source: 'redis' })
  await wait(100)
  await lose()
  const watch = new Stopwatch()
  expect((await set.check('user:0')).ok).toBe(true)
  expect(watch.stop()).toBeLessThan(300)
  await until(async () => (await set.peek('user:0')).source === 'redis', 15_000)
  await until(async () => (await set.peek('user:0')).limits.minute?.remaining === 8)
}

describe('the connections of a cache', () => {
  test('to a cluster: a subject whose master is frozen is decided, and found again at its successor', async () => {
    const cluster = await startRedisCluster({ masters: 3, replicas: 1 })
    onTestFinished(() => cluster.stop())
    const cache = createCache({ namespace: 'test', logger: SILENT, redis: { client: { cluster: cluster.addresses } } })
    onTestFinished(() => cache.close())
    const limiter = createRateLimiter({ redis: cache.redis, namespace: 'test', logger: SILENT })
    onTestFinished(() => limiter.close())
    await survives(limiter, async () => (await masterOfCount(cluster)).pause())
  }, 40_000)

  test('to what Sentinel names: when the master is frozen, the next one is asked', async () => {
    const group = await startSentinel({ replicas: 1 })
    onTestFinished(() => group.stop())
    const client = { sentinels: group.addresses, name: group.name }
    const cache = createCache({ namespace: 'test', logger: SILENT, redis: { client } })
    onTestFinished(() => cache.close())
    const limiter = createRateLimiter({ redis: cache.redis, namespace: 'test', logger: SILENT })
    onTestFinished(() => limiter.close())
    await survives(limiter, async () => (await group.master()).pause())
  }, 40_000)
})

/** The master that keeps the count of the one subject. */
async function masterOfCount(cluster: RedisCluster): Promise<RedisServer> {
  const masters = await cluster.masters()
  const keys = await Promise.all(masters.map(async (master) => (await master.command('KEYS', '*user:0')) as string[]))
  return masters[keys.findIndex((found) => found.length > 0)] as RedisServer
}

describe('a Redis of an earlier connection', () => {
  test('is found again by a limiter that was made before it was there', async () => {
    const server = await startRedis()
    await server.kill()
    const limiter = limiterOn(server)
    await limiter.ready()
    expect(limiter.health().state).toBe('local')
    await server.restart()
    await until(() => limiter.health().state === 'redis')
    await limiter.close()
    await server.stop()
  })
})
