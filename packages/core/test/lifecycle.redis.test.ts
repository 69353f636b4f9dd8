import { createHook } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { openMemory } from './stage/memory-stage.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', POLICY)
const POLICY = { ttl: '5m' } as const

/** How many connections of this test's namespace the server has. */
async function connections(): Promise<number> {
  const list = String(await stage.redis.command('CLIENT', 'LIST'))
  return list.split('\n').filter((line) => line.includes(`name=granary:${stage.namespace}:`)).length
}

/** Runs a program with the package's sources, and resolves to what it printed when it ended by itself. */
async function run(program: string): Promise<string> {
  const flags = ['--conditions=@granary/source', '--import=tsx', '--input-type=module', '--eval', program]
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd, timeout: 20_000 })
  return stdout.trim()
}

describe('a process whose cache is disabled', () => {
  test.each<[string, (rows: ReturnType<typeof rowsOf>) => Promise<unknown>]>([
    ['delete', (rows) => rows.delete([1])],
    ['set', (rows) => rows.set([1], 'new')],
    ['put', (rows) => rows.put([1], async () => 'new')],
    [
      'put by what the write returned',
      (rows) =>
        rows.put(
          () => [1],
          async () => 'new',
        ),
    ],
  ])('still tells the others of its writes: %s', async (_, write) => {
    const [cache, disabled] = [await stage.node(), await stage.node({ enabled: false })]
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'old')
    await cache.drain()
    await write(rowsOf(disabled))
    await until(() => rows.peek([1]) === undefined)
    expect(await rows.getOrSet([1], () => 'new')).toBe('new')
    expect(disabled.stats()).toMatchObject({ sets: 0, entries: 0 })
  })
})

describe('ready', () => {
  test('resolves at once without Redis, and when Redis is in use with one', async () => {
    await openMemory().cache.ready()
    const cache = stage.unready()
    await cache.ready()
    expect(cache.health().redis).toBe('open')
  })

  test('a cache can be used before it is: the first calls wait for the first connection, within their budget', async () => {
    const cache = stage.unready()
    expect(cache.health().redis).toBe('connecting')
    expect(await rowsOf(cache).getOrSet([1], () => 'row')).toBe('row')
    await cache.drain()
    expect(await stage.redis.command('EXISTS', rowsOf(cache).keyOf([1]))).toBe(1)
  })

  test('resolves although Redis is away, unless it is required', async () => {
    const proxy = await stage.proxy()
    await proxy.inject({ kind: 'refuse' })
    const [optional, required] = [
      stage.unready({ redis: { client: proxy.url } }),
      stage.unready({ redis: { client: proxy.url, required: true } }),
    ]
    await optional.ready()
    await expect(required.ready()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', reason: 'refused' })
    expect(await rowsOf(required).getOrSet([1], () => 'row')).toBe('row')
    await proxy.heal()
    await until(() => required.health().redis === 'open')
    await required.ready()
  })
})

describe('drain', () => {
  test('resolves when everything that nobody waits for has ended', async () => {
    const cache = await stage.node()
    await rowsOf(cache).getOrSetMany(
      Array.from({ length: 50 }, (_, id) => [id] as [number]),
      async (missing) => missing.map(([id]) => id),
    )
    await cache.drain()
    expect(cache.inspect()).toEqual({ flights: 0, background: 0, puts: 0, queued: 0 })
    expect(((await stage.redis.command('KEYS', `${stage.namespace}:row:*`)) as string[]).length).toBe(50)
  })
})

describe('close', () => {
  test('finishes what runs in the background, then closes every connection', async () => {
    const cache = await stage.node()
    expect(await connections()).toBe(3)
    await rowsOf(cache).getOrSet([1], () => 'row')
    await cache.close()
    expect(await stage.redis.command('EXISTS', rowsOf(cache).keyOf([1]))).toBe(1)
    await until(async () => (await connections()) === 0)
    expect(cache.health().status).toBe('closed')
  })

  test('twice is once', async () => {
    const cache = await stage.node()
    const first = cache.close()
    expect(cache.close()).toBe(first)
    await Promise.all([first, cache.close()])
    await cache.close()
  })

  test('before the first connection is there', async () => {
    const cache = stage.unready()
    await cache.close()
    await until(async () => (await connections()) === 0)
    expect(await rowsOf(cache).getOrSet([1], () => 'row')).toBe('row')
  })

  test('during a load: its callers get what it brings', async () => {
    const cache = await stage.node()
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const both = [rowsOf(cache).getOrSet([1], db.reading(1)), rowsOf(cache).getOrSet([1], db.reading(1))]
    await until(() => db.reads.length === 1)
    const closing = cache.close()
    release()
    expect(await Promise.all(both)).toEqual(['row', 'row'])
    await closing
    expect(cache.inspect()).toMatchObject({ flights: 0, background: 0 })
  })

  test('while waiting for the lease of another process: the load runs here', async () => {
    const [holder, cache] = [
      await stage.node({ redis: { leaseTime: '20s' } }),
      await stage.node({ redis: { leaseTime: '20s' } }),
    ]
    const db = new Database([[1, 'row']])
    const release = db.hold()
    const held = rowsOf(holder).getOrSet([1], db.reading(1))
    await until(() => db.reads.length === 1)
    const waiting = rowsOf(cache).getOrSet([1], () => 'own')
    await until(() => cache.inspect().flights === 1)
    await wait(50)
    const took = await timed(async () => {
      await cache.close()
      expect(await waiting).toBe('own')
    })
    expect(took).toBeLessThan(1_500)
    release()
    await held
  })

  test('waits for background work only as long as it is told to', async () => {
    const { cache, clock } = openMemory()
    const rows = cache.define<[number], unknown>('row', { ttl: '1s', staleWhileRevalidate: '1h', jitter: 0 })
    await rows.getOrSet([1], () => 'row')
    await clock.advanceAsync(2_000)
    let release = (_: unknown) => {}
    await rows.getOrSet([1], () => new Promise((resolve) => (release = resolve)))
    await clock.settle()
    expect(cache.inspect().background).toBe(1)
    let closed = false
    const closing = cache.close({ within: '3s' }).then(() => {
      closed = true
    })
    await clock.advanceAsync(2_999)
    expect(closed).toBe(false)
    await clock.advanceAsync(1)
    await closing
    release('late')
    await clock.settle()
  })

  test('during an outage: soon, and whoever waits for delivery learns that it will not come', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '100ms' } })
    await proxy.inject({ kind: 'hang' })
    await cache.delete('row', [1])
    const delivery = cache.whenDelivered()
    const refused = expect(delivery).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
    expect(await timed(() => cache.close())).toBeLessThan(3_000)
    await refused
    await proxy.heal()
  })

  test('leaves no call unanswered, whatever was going on', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '200ms' } })
    const rows = rowsOf(cache)
    await rows.getOrSet([0], () => 'row')
    await cache.drain()
    await proxy.inject({ kind: 'hang' })
    const calls: Promise<unknown>[] = []
    for (let id = 0; id < 20; id++) {
      calls.push(
        rows.getOrSet([id], () => 'row'),
        rows.get([id]),
        rows.put([id], () => 'row'),
        rows.set([id], 'row'),
      )
      calls.push(
        rows.delete([id]),
        cache.invalidateTags(['t']),
        rows.getOrSetMany([[id]], async () => ['row']),
      )
      calls.push(cache.refresh(() => rows.getOrSet([id], () => 'row')))
    }
    await wait(5)
    const took = await timed(async () => {
      await Promise.all([Promise.allSettled(calls), cache.close()])
    })
    expect(took).toBeLessThan(6_000)
    expect(cache.inspect()).toMatchObject({ flights: 0, background: 0, puts: 0 })
  })

  test('afterwards reads go to their loaders, and what would have to be told to others is refused', async () => {
    const cache = await stage.node()
    const rows = rowsOf(cache)
    await rows.getOrSet([1], () => 'row')
    await cache.close()
    expect(await rows.getOrSet([1], () => 'loaded')).toBe('loaded')
    expect(await rows.getOrSetMany([[1]], async () => ['loaded'])).toEqual(['loaded'])
    expect(await rows.get([1])).toBeUndefined()
    expect(await rows.put([1], () => 'written')).toBe('written')
    for (const refused of [
      () => rows.set([1], 'x'),
      () => rows.delete([1]),
      () => cache.clear(),
      () => cache.invalidateTags(['t']),
    ])
      await expect(refused()).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
    expect(cache.inspect()).toEqual({ flights: 0, background: 0, puts: 0, queued: 0 })
  })
})

describe('a read of Redis', () => {
  test('is over for whoever watches asynchronous resources, an APM say, when it is answered', async () => {
    const cache = await stage.node({ memory: { maxEntries: 1 } })
    const watched = new Set<number>()
    const hook = createHook({
      init: (id, type) => void (type === 'GRANARY_READ' && watched.add(id)),
      destroy: (id) => void watched.delete(id),
    }).enable()
    onTestFinished(() => void hook.disable())
    const users = cache.define<[number], string>('user', { ttl: '1m' })
    for (let call = 0; call < 30; call++) await users.getOrSet([call % 3], async () => 'ada')
    expect(cache.stats().hitsL2).toBeGreaterThan(20)
    await until(() => watched.size === 0)
  })
})

describe('a process', () => {
  test('is not kept alive by a cache in memory, or by one that is closed', async () => {
    const printed = await run(`
      import { createCache } from '@granary/core'
      const memory = createCache()
      await memory.getOrSet('row', [1], () => 1, { ttl: '5m', hardTimeout: '1h' })
      const cache = createCache({ namespace: '${stage.namespace}', redis: '${stage.redis.url}' })
      await cache.ready()
      await cache.getOrSet('row', [1], () => 1)
      await cache.close()
      console.log('done')
    `)
    expect(printed).toBe('done')
  })
})
