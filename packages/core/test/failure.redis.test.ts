import { setTimeout as wait } from 'node:timers/promises'
import { type RedisServer, startRedis } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, type CacheOptions, createCache, type RedisTierOptions } from '../src/index.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'
import { StandingClock, turnsOf } from './stage/standing-clock.ts'

const stage = useRedis()

const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const
const rowsOf = (cache: Cache) => cache.define<[number], string>('row', POLICY)
const data = (connection: { sent(command: string): boolean }) => connection.sent('MGET')

/** A server of the test's own, stopped when it ends. */
async function ownServer(options: Parameters<typeof startRedis>[0]): Promise<RedisServer> {
  const server = await startRedis(options)
  onTestFinished(() => server.stop())
  return server
}

/** A cache of the test's own, closed when it ends. */
function ownCache(
  client: RedisTierOptions['client'],
  options: CacheOptions = {},
  redis: Partial<RedisTierOptions> = {},
): Cache {
  const cache = createCache({
    namespace: stage.namespace,
    logger: new LogRecorder('error'),
    ...options,
    redis: { client, ...redis },
  })
  onTestFinished(() => cache.close())
  return cache
}

/** A node behind a proxy whose budget, of 20 s, passes only when the test says so. */
async function standingNode() {
  const clock = new StandingClock()
  const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h', redis: { callBudget: '20s' } })
  const rows = rowsOf(cache)
  for (const id of [1, 2, 3]) await rows.getOrSet([id], () => `row ${id}`)
  await cache.drain()
  return { clock, cache, proxy, rows }
}

describe('C7: what a call costs when Redis cannot be used', () => {
  test('refused from the start: as much as without Redis, a few turns of the event loop and no timer', async () => {
    const proxy = await stage.proxy()
    await proxy.inject({ kind: 'refuse' })
    const clock = new StandingClock()
    const cache = ownCache(proxy.url, { clock })
    await cache.ready()
    expect(cache.health()).toMatchObject({ status: 'degraded', redis: 'away', reason: 'refused' })
    const rows = rowsOf(cache)
    const timers = clock.pending
    for (let id = 0; id < 200; id++) {
      expect(await turnsOf(() => rows.getOrSet([id], () => `row ${id}`))).toBeLessThanOrEqual(2)
      expect(clock.pending).toBeLessThanOrEqual(timers)
    }
    expect(cache.stats()).toMatchObject({ loads: 200, redisFailures: {} })
  })

  test.each([
    [
      'by the network',
      async () => {
        const { clock, cache, proxy } = await standingNode()
        return { clock, cache, hang: () => proxy.inject({ kind: 'hang' }), heal: () => proxy.heal() }
      },
    ],
    [
      'because the server is frozen',
      async () => {
        const server = await ownServer({})
        const clock = new StandingClock()
        const cache = ownCache(server.url, { clock, maxStaleness: '1h' }, { callBudget: '20s' })
        await cache.ready()
        await rowsOf(cache).getOrSet([1], () => 'row')
        await cache.drain()
        return { clock, cache, hang: () => server.pause(), heal: () => server.resume() }
      },
    ],
  ])('hung %s: one budget, twice, then nothing', async (_, setTheScene) => {
    const { clock, cache, hang, heal } = await setTheScene()
    const rows = rowsOf(cache)
    await hang()
    for (const id of [100, 101]) {
      const call = rows.getOrSet([id], () => 'row')
      await clock.settle(5)
      await clock.advanceAsync(19_999)
      expect(await clock.isPending(call)).toBe(true)
      await clock.advanceAsync(1)
      expect(await call).toBe('row')
    }
    for (let id = 200; id < 250; id++)
      expect(await turnsOf(() => rows.getOrSet([id], () => 'row'))).toBeLessThanOrEqual(2)
    expect(cache.health()).toMatchObject({ redis: 'away', reason: 'deadline' })
    await heal()
    await clock.until(() => cache.health().redis === 'open')
  })

  test('incident 21: reading and leasing share one budget, so a call never pays twice', async () => {
    const { clock, proxy, rows } = await standingNode()
    const reading = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
    proxy.forget()
    const call = rows.getOrSet([100], () => 'row')
    await until(() => proxy.commands.some(({ name }) => name === 'MGET'))
    await clock.advanceAsync(15_000)
    await proxy.inject({ kind: 'hang', direction: 'down', connections: [0], after: { replies: 1 } })
    await reading.lift()
    await until(() => proxy.commands.some(({ name }) => name === 'EVALSHA'))
    await clock.advanceAsync(4_999)
    expect(await clock.isPending(call)).toBe(true)
    await clock.advanceAsync(1)
    expect(await call).toBe('row')
  })

  test('hung while many wait: all of them leave after one budget, together', async () => {
    const { clock, proxy, rows } = await standingNode()
    await proxy.inject({ kind: 'hang' })
    const calls = Promise.all(Array.from({ length: 200 }, (_, id) => rows.getOrSet([1_000 + id], () => 'row')))
    await clock.settle(5)
    await clock.advanceAsync(20_000)
    expect(new Set(await calls)).toEqual(new Set(['row']))
  })

  test('always slow: the breaker opens, because slow counts as half a failure', async () => {
    const { clock, cache, proxy } = await standingNode()
    const rows = cache.define<[number], string>('exact', { ttl: '5m', consistency: 'strong' })
    let lost: string | undefined
    cache.on('redis-lost', ({ reason }) => {
      lost = reason
    })
    let reads = 0
    for (; lost === undefined && reads < 30; reads++) {
      const slowness = await proxy.inject({ kind: 'hang', direction: 'down', connections: [0] })
      proxy.forget()
      const read = rows.get([reads])
      await until(() => proxy.commands.some(({ name }) => name === 'MGET'))
      await clock.advanceAsync(10_001)
      await slowness.lift()
      expect(await read).toBeUndefined()
    }
    expect({ lost, reads }).toEqual({ lost: 'deadline', reads: 20 })
    await clock.until(() => cache.health().redis === 'open')
  })
})

describe('C7: failures of every kind reach no caller, and end', () => {
  async function expectUnharmed(cache: Cache): Promise<void> {
    const rows = rowsOf(cache)
    const id = Math.floor(performance.now() * 1_000)
    expect(await rows.getOrSet([id], () => 'row')).toBe('row')
    expect(await rows.getOrSetMany([[id + 1], [id + 2]], async (missing) => missing.map(() => 'row'))).toEqual([
      'row',
      'row',
    ])
    expect(await rows.put([id + 3], () => 'row')).toBe('row')
    expect(await rows.get([id + 4])).toBeUndefined()
    for (const receipt of [
      await rows.set([id + 5], 'row'),
      await rows.delete([id]),
      await cache.invalidateTags(['t']),
      await cache.clear(),
    ])
      expect(receipt).toHaveProperty('delivered')
  }

  test('connections that are reset', async () => {
    const { cache, proxy } = await stage.proxied()
    for (let round = 0; round < 5; round++) {
      const work = expectUnharmed(cache)
      proxy.drop()
      await work
    }
    await until(() => cache.health().redis === 'open')
    await cache.whenDelivered()
    expect(cache.stats().queued).toBe(0)
  })

  test('replies cut off in the middle', async () => {
    const { cache, proxy } = await stage.proxied()
    for (const afterBytes of [0, 1, 7, 30]) {
      await until(() => cache.health().redis === 'open')
      const cut = await proxy.inject({ kind: 'cut', afterBytes, connections: data })
      await expectUnharmed(cache)
      await cut.lift()
    }
    await until(() => cache.health().redis === 'open')
  })

  test('bytes that are damaged on the way', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '150ms' } })
    await expectUnharmed(cache)
    await proxy.inject({ kind: 'corrupt', share: 0.02, direction: 'down' })
    for (let round = 0; round < 5; round++) await expectUnharmed(cache)
    await proxy.heal()
    proxy.drop()
    await until(() => cache.health().redis === 'open')
    await expectUnharmed(cache)
  })

  test('a server that is killed and comes back empty', async () => {
    const server = await ownServer({})
    const cache = ownCache(server.url)
    await cache.ready()
    await rowsOf(cache).getOrSet([1], () => 'old')
    await server.kill()
    await expectUnharmed(cache)
    expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
    await server.restart()
    await until(() => cache.health().redis === 'open')
    await expectUnharmed(cache)
  })

  test('a password that is missing', async () => {
    const server = await ownServer({ password: 'hunter2' })
    const cache = ownCache(`redis://127.0.0.1:${server.port}`)
    await cache.ready()
    expect(cache.health()).toMatchObject({ redis: 'away', reason: 'auth' })
    await expectUnharmed(cache)
    const right = ownCache(server.url, { namespace: 'right' })
    await right.ready()
    expect(right.health().redis).toBe('open')
  })

  test('a server that becomes a replica, and a master again', async () => {
    const server = await ownServer({})
    const cache = ownCache(server.url)
    await cache.ready()
    await expectUnharmed(cache)
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await expectUnharmed(cache)
    await until(() => cache.health().reason === 'readonly')
    await expectUnharmed(cache)
    await server.command('REPLICAOF', 'NO', 'ONE')
    await until(() => cache.health().redis === 'open')
    await cache.whenDelivered()
    await expectUnharmed(cache)
  })

  test('a server that is still loading its data', async () => {
    const server = await ownServer({
      persist: true,
      args: ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'],
    })
    for (let at = 0; at < 1_500; at += 100) {
      await server.command(
        'MSET',
        ...Array.from({ length: 200 }, (_, n) => (n % 2 === 0 ? `k${at + n / 2}` : 'v'.repeat(20))),
      )
    }
    await server.command('SAVE')
    const cache = ownCache(server.url)
    await cache.ready()
    await server.kill()
    const back = server.restart()
    await until(
      () =>
        cache.health().reason === 'loading' || cache.health().reason === 'refused' || cache.health().reason === 'reset',
    )
    await expectUnharmed(cache)
    await back
    await until(() => cache.health().redis === 'open', 10_000)
    await expectUnharmed(cache)
  })

  test('scripts that the server has forgotten', async () => {
    const cache = await stage.node()
    await expectUnharmed(cache)
    await stage.redis.command('SCRIPT', 'FLUSH')
    const errors = cache.stats().errors
    await expectUnharmed(cache)
    await cache.drain()
    expect(cache.stats().errors).toBe(errors)
    expect(cache.health().redis).toBe('open')
  })

  test('a plain server where TLS was configured', async () => {
    const cache = ownCache(stage.redis.url.replace('redis:', 'rediss:'))
    await cache.ready()
    expect(cache.health().redis).toBe('away')
    await expectUnharmed(cache)
  })
})

describe('C7: a server that is out of memory', () => {
  test('serves what it has, stores nothing, and takes every invalidation', async () => {
    const server = await ownServer({})
    const options = { namespace: stage.namespace }
    const [one, other] = [ownCache(server.url, options), ownCache(server.url, options)]
    await Promise.all([one.ready(), other.ready()])
    await rowsOf(one).getOrSetMany([[1], [2], [3]], async (missing) => missing.map(([id]) => `old ${id}`))
    await one.drain()
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(await rowsOf(other).getOrSet([1], () => 'new')).toBe('old 1')
    expect(await rowsOf(other).getOrSet([9], () => 'loaded')).toBe('loaded')
    expect(await other.invalidateTags(['row:1'])).toMatchObject({ delivered: true })
    expect(await other.delete('row', [2])).toMatchObject({ delivered: true })
    expect(await rowsOf(other).set([3], 'set')).toMatchObject({ delivered: true })
    await delivered(other, one)
    for (const id of [1, 2, 3]) expect(await rowsOf(one).getOrSet([id], () => 'new')).toBe('new')
    expect([one.health().redis, other.health().redis]).toEqual(['open', 'open'])
  })
})

describe('C7: coming back', () => {
  test.each([
    ['refused connections', { kind: 'refuse' }],
    ['a hang', { kind: 'hang' }],
    ['resets', { kind: 'reset' }],
  ] as const)(
    'after %s Redis is in use again with the next attempt, and the pause before it is a quarter of a second at most',
    async (_, fault) => {
      const clock = new StandingClock()
      const { cache, proxy } = await stage.proxied({ clock, maxStaleness: '1h' })
      await rowsOf(cache).getOrSet([1], () => 'row')
      await cache.drain()
      const injected = await proxy.inject(fault)
      if (fault.kind === 'hang') {
        for (const id of [2, 3]) await clock.advanceUntilSettled(rowsOf(cache).getOrSet([id], () => 'row'))
      }
      await clock.until(() => cache.health().redis === 'away')
      clock.delays.splice(0)
      const pauses = () => clock.delays.filter((delay) => delay < 1_000)
      await clock.until(() => pauses().length >= 3)
      expect(Math.max(...pauses())).toBeLessThanOrEqual(250)
      await injected.lift()
      await clock.until(() => cache.health().redis === 'open')
      await rowsOf(cache).getOrSet([1_000], () => 'row')
      await cache.drain()
      expect(await stage.redis.command('EXISTS', rowsOf(cache).keyOf([1_000]))).toBe(1)
    },
  )

  test('incident 20: nobody sends a PING before work, or ever', async () => {
    const monitor = await stage.redis.monitor()
    const cache = await stage.node()
    for (let id = 0; id < 20; id++) await rowsOf(cache).getOrSet([id], () => 'row')
    await wait(400)
    expect(await monitor.count('PING')).toBe(0)
  })

  test('outage.serveL1For: memory is served for so long after it was last proven, and says that it is stale', async () => {
    const proxy = await stage.proxy()
    const clock = new StandingClock()
    const cache = ownCache(proxy.url, { clock, outage: { serveL1For: '600ms' }, maxStaleness: '1m' })
    await cache.ready()
    const rows = rowsOf(cache)
    for (const id of [1, 2]) await rows.getOrSet([id], () => 'kept')
    await cache.drain()
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    await clock.advanceAsync(60_599)
    expect(rows.peek([1])).toBe('kept')
    const kept = { value: 'kept', outcome: 'stale', tier: 'l1' }
    expect(await cache.observe(() => rows.getOrSet([2], () => 'loaded'))).toMatchObject(kept)
    await clock.advanceAsync(1)
    expect(rows.peek([1])).toBeUndefined()
    expect(await rows.getOrSet([1], () => 'loaded')).toBe('loaded')
  })

  test('without it memory is not served once Redis is lost: loads, not stale answers, are the price', async () => {
    const { cache, proxy } = await stage.proxied()
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'old')
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(await rows.getOrSet([1], () => 'loaded')).toBe('loaded')
    expect(rows.peek([1])).toBeUndefined()
  })
})

describe('C8: invalidations are kept', () => {
  test('one that Redis does not take holds here at once, and elsewhere when it is replayed', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const other = await stage.node()
    const [here, there] = [rowsOf(cache), rowsOf(other)]
    await there.getOrSet([1], () => 'old')
    await other.drain()
    await here.getOrSet([1], () => 'old')
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(await here.delete([1])).toEqual({ delivered: false, queued: true })
    expect(cache.health().queued).toBe(1)
    expect(await here.getOrSet([1], () => 'new')).toBe('new')
    expect(await there.getOrSet([1], () => 'new')).toBe('old')
    const whenDelivered = cache.whenDelivered()
    await proxy.heal()
    await whenDelivered
    await delivered(cache, other)
    expect(await there.getOrSet([1], () => 'new')).toBe('new')
    expect(cache.health()).toMatchObject({ status: 'ok', queued: 0 })
  })

  test('all of them are replayed before this process trusts Redis again', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const other = await stage.node()
    const [here, there] = [rowsOf(cache), rowsOf(other)]
    const ids = Array.from({ length: 50 }, (_, id) => id)
    await there.getOrSetMany(
      ids.map((id) => [id] as [number]),
      async (missing) => missing.map(() => 'old'),
    )
    await other.drain()
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    for (const id of ids) await (id % 2 === 0 ? here.delete([id]) : cache.invalidateTags([`row:${id}`]))
    await proxy.heal()
    while (cache.health().redis !== 'open') {
      expect(await here.getOrSet([ids[7] as number], () => 'new')).toBe('new')
      await wait(1)
    }
    for (const id of ids) expect(await here.get([id]), `row ${id}`).not.toBe('old')
  })

  test('the answer of one that Redis took but could not confirm is queued, and repeating it does no harm', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'old')
    await cache.drain()
    await proxy.inject({ kind: 'hang', direction: 'down', connections: data })
    expect(await rows.delete([1])).toEqual({ delivered: false, queued: true })
    expect(await stage.redis.command('EXISTS', rows.keyOf([1]))).toBe(0)
    await proxy.heal()
    await cache.whenDelivered()
    expect(await rows.getOrSet([1], () => 'new')).toBe('new')
  })

  test('required: true rejects instead of queueing silently, and the invalidation is still kept', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    await expect(cache.invalidate({ tags: ['revoked'] }, { required: true })).rejects.toMatchObject({
      code: 'INVALIDATION_NOT_DELIVERED',
      cause: { code: 'REDIS_UNAVAILABLE' },
    })
    expect(cache.health().queued).toBe(1)
    await proxy.heal()
    await cache.whenDelivered()
  })

  test('past the bound of the queue they become one clear of the namespace', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    const other = await stage.node()
    await rowsOf(other).getOrSet([1], () => 'old')
    await other.drain()
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    await cache.invalidateTags(Array.from({ length: 10_001 }, (_, at) => `tag ${at}`))
    expect(cache.health().queued).toBe(1)
    await cache.invalidateTags(['one more'])
    expect(cache.health().queued).toBe(1)
    await proxy.heal()
    await cache.whenDelivered()
    await delivered(cache, other)
    expect(await rowsOf(other).getOrSet([1], () => 'new')).toBe('new')
  })
})
