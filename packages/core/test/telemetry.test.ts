import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { narrate } from '@granary/testing'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCache, EVENT_CHANNEL } from '../src/index.ts'
import { Histogram } from '../src/telemetry/histogram.ts'
import { describeCounters, NameCounters } from '../src/telemetry/stats.ts'
import { Database } from './stage/database.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const EXACT = { ttl: '1m', jitter: 0 } as const
/** Fields that differ from run to run. */
const VARYING = ['key', 'duration', 'age', 'bytes']

describe('C12: counters, as the caller experienced it', () => {
  test('every kind of answer is counted once, by name and in all', async () => {
    const { cache, clock } = openMemory({ memory: { maxEntries: 4 } })
    const policy = { ...EXACT, staleWhileRevalidate: '1m' } as const
    const db = new Database<unknown>([
      [1, 'ada'],
      [2, null],
      [3, () => 'cannot be cached'],
    ])
    const read = (id: number) => cache.getOrSet('user', [id], db.reading(id), policy)
    await Promise.all([read(1), read(1), read(1)])
    await read(1)
    await read(2)
    await read(2)
    await read(3)
    await clock.advanceAsync(60_000)
    await read(1)
    await cache.drain()
    db.fail(new Error('down'))
    await expect(read(9)).rejects.toThrow()
    db.fail()
    await cache.bypass(() => read(1))
    await cache.delete('user', [1])
    await cache.set('user', [1], 'grace', policy)
    for (let id = 10; id < 15; id++) await cache.getOrSet('other', [id], () => id)
    const expected = {
      misses: 3 + 1 + 1,
      hitsL1: 2,
      hitsNegative: 1,
      hitsStale: 1,
      joined: 2,
      loads: 1 + 1 + 1 + 1 + 1,
      loadFailures: 1,
      refused: 1,
      bypassed: 1,
      invalidations: 1,
      sets: 2 + 1 + 1,
    }
    expect(cache.stats().names['user']).toMatchObject(expected)
    expect(cache.stats()).toMatchObject({ misses: 5 + 5, loads: 5 + 5, sets: 4 + 5, hits: 3, evictions: 3, entries: 4 })
    expect(cache.stats().names['user']?.latency.load.count).toBe(4)
  })

  test('invalidations are counted, whatever they name', async () => {
    const { cache } = openMemory()
    const users = cache.define('user', EXACT)
    await cache.delete('user', [1])
    await cache.invalidateTags(['user:1'])
    await cache.clear('user')
    await cache.clear()
    await users.clear()
    expect(cache.stats().invalidations).toBe(5)
    expect(cache.stats().names['user']?.invalidations).toBe(3)
  })

  test('the numbers have the names and the rounding that dashboards of the field know', () => {
    const counters = Object.assign(new NameCounters(), { hitsL1: 15_234, misses: 876, sets: 923, invalidations: 45 })
    expect(describeCounters(counters, 0, true)).toMatchObject({
      hits: 15_234,
      misses: 876,
      sets: 923,
      errors: 0,
      invalidations: 45,
      hit_rate_percent: 94.56,
      redis_available: true,
    })
  })

  test('before the first call there is a rate of 0 and no Redis that could be available', () => {
    const { cache } = openMemory()
    expect(cache.stats()).toMatchObject({
      hits: 0,
      hit_rate_percent: 0,
      hitRatePercent: 0,
      redis_available: false,
      degraded: undefined,
    })
    expect(cache.health()).toEqual({ status: 'ok', redis: 'none', reason: undefined, since: undefined, queued: 0 })
  })

  test('stats can be sent as JSON', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'ada')
    expect(JSON.parse(JSON.stringify(cache.stats()))).toMatchObject({ misses: 1, names: { user: { misses: 1 } } })
  })

  test('with Redis the tiers are told apart, and bytes are counted', async () => {
    const [one, other] = [await stage.node(), await stage.node()]
    await one.getOrSet('user', [1], () => 'ada')
    await one.drain()
    await other.getOrSet('user', [1], () => 'loaded')
    await other.getOrSet('user', [1], () => 'loaded')
    expect(other.stats()).toMatchObject({ hits: 2, hitsL1: 1, hitsL2: 1, misses: 0, loads: 0, redisAvailable: true })
    expect(other.stats().bytesRead).toBe(one.stats().bytesWritten)
    expect(one.stats().bytesWritten).toBeGreaterThan(90)
    expect(other.stats().names['user']?.latency.l2.count).toBe(1)
  })

  test('failures of Redis that no caller saw are counted by cause and told', async () => {
    const { cache, proxy } = await stage.proxied({ redis: { callBudget: '80ms' } })
    const failed = eventsOf(cache, 'redis-failed')
    await proxy.inject({ kind: 'hang' })
    await cache.getOrSet('user', [1], () => 'ada')
    expect(failed[0]).toMatchObject({ type: 'redis-failed', reason: 'deadline' })
    expect(cache.stats()).toMatchObject({ errors: 1, redisFailures: { deadline: 1 } })
  })
})

describe('C12: latencies', () => {
  test('a quantile is right within one bucket, a factor of the root of two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.002, max: 20_000, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (durations) => {
          const histogram = new Histogram()
          for (const duration of durations) histogram.record(duration)
          const sorted = durations.toSorted((a, b) => a - b)
          const { count, sum, p50, p95, p99 } = histogram.summary()
          expect(count).toBe(durations.length)
          expect(sum).toBeCloseTo(
            durations.reduce((total, each) => total + each, 0),
            3,
          )
          for (const [share, seen] of [
            [0.5, p50],
            [0.95, p95],
            [0.99, p99],
          ] as const) {
            const exact = sorted[Math.ceil(sorted.length * share) - 1] as number
            expect(seen).toBeGreaterThanOrEqual(exact * 0.999)
            expect(seen).toBeLessThanOrEqual(exact * Math.SQRT2 * 1.001)
          }
        },
      ),
    )
  })

  test('nothing measured is 0, what is off the scale is at its end, and the buckets add up', () => {
    const histogram = new Histogram()
    expect(histogram.summary()).toEqual({ count: 0, sum: 0, p50: 0, p95: 0, p99: 0 })
    for (const duration of [0, -1, 1e9]) histogram.record(duration)
    expect(histogram.summary().count).toBe(3)
    expect(histogram.buckets().at(-1)?.[1]).toBe(2)
    expect(histogram.buckets()[0]).toEqual([0.001, 2])
  })
})

describe('C12: events', () => {
  test('tell a call from its miss to its hits', async () => {
    const { cache } = openMemory()
    const events = eventsOf(
      cache,
      'entry-missed',
      'entry-hit',
      'load-started',
      'load-finished',
      'flight-joined',
      'entry-stored',
      'invalidation-sent',
    )
    const read = () => cache.getOrSet('user', [7], () => 'ada', { ttl: '1m', tags: ['users'] })
    await Promise.all([read(), read()])
    await read()
    await cache.invalidateTags(['users'])
    await cache.refresh(read)
    expect(narrate(events, { without: VARYING })).toMatchInlineSnapshot(`
      " 1. load-started name=user reason=miss
       2. load-finished name=user
       3. entry-stored name=user tier=l1
       4. entry-missed name=user
       5. flight-joined name=user
       6. entry-missed name=user
       7. entry-hit name=user negative=false outcome=hit tier=l1
       8. invalidation-sent delivered=true targets={ keys: 0, names: [], namespace: false, tags: 1 }
       9. load-started name=user reason=refresh
      10. load-finished name=user
      11. entry-stored name=user tier=l1
      12. entry-missed name=user"
    `)
  })

  test('tell a load that fails', async () => {
    const { cache } = openMemory()
    const events = eventsOf(cache, 'load-started', 'load-failed', 'load-finished', 'entry-missed', 'entry-stored')
    await expect(cache.getOrSet('user', [7], () => Promise.reject(new Error('down')))).rejects.toThrow()
    expect(narrate(events, { without: VARYING })).toMatchInlineSnapshot(`
      "1. load-started name=user reason=miss
      2. load-failed cause=Error("down") name=user"
    `)
  })

  test('tell what two nodes do to each other', async () => {
    const [one, other] = [await stage.node(), await stage.node()]
    const types = [
      'lease-acquired',
      'lease-waited',
      'load-started',
      'entry-stored',
      'entry-hit',
      'entry-missed',
      'commit-rejected',
      'invalidation-received',
    ] as const
    const [here, there] = [eventsOf(one, ...types), eventsOf(other, ...types)]
    const db = new Database([[7, 'ada']])
    const release = db.hold()
    const early = one.getOrSet('user', [7], db.reading(7))
    await until(() => db.reads.length === 1)
    await other.getOrSet('user', [0], () => 'defines the name')
    await other.drain()
    there.splice(0)
    await other.delete('user', [7])
    await other.getOrSet('user', [7], () => 'grace')
    await other.drain()
    release()
    await early
    await one.drain()
    await delivered(other, one)
    await one.getOrSet('user', [7], () => 'loaded')
    const without = [...VARYING, 'targets']
    expect(narrate(here, { without, except: ['invalidation-received'] })).toMatchInlineSnapshot(`
      "1. lease-acquired name=user
      2. load-started name=user reason=miss
      3. entry-missed name=user
      4. commit-rejected name=user
      5. entry-stored name=user tier=l1
      6. entry-hit name=user negative=false outcome=hit tier=l2"
    `)
    expect(narrate(there, { without, except: ['invalidation-received'] })).toMatchInlineSnapshot(`
      "1. lease-acquired name=user
      2. load-started name=user reason=miss
      3. entry-stored name=user tier=l1
      4. entry-missed name=user
      5. entry-stored name=user tier=l2"
    `)
  })

  test('a listener that throws harms no call, and its error goes to the log', async () => {
    const log = new LogRecorder('error')
    const { cache } = openMemory({ logger: log })
    const error = new Error('listener')
    cache.on('entry-missed', () => {
      throw error
    })
    expect(await cache.getOrSet('user', [1], () => 'ada')).toBe('ada')
    expect(log.lines).toMatchObject([{ level: 'error', fields: { err: error, event: 'entry-missed' } }])
  })

  test('a listener that is taken off hears no more', async () => {
    const { cache } = openMemory()
    let heard = 0
    const stop = cache.on('entry-missed', () => {
      heard += 1
    })
    await cache.getOrSet('user', [1], () => 'ada')
    stop()
    stop()
    await cache.getOrSet('user', [2], () => 'ada')
    expect(heard).toBe(1)
  })

  test('are on a diagnostics channel of the process, with their namespace', async () => {
    const { cache } = openMemory({ namespace: 'shop' })
    const messages: unknown[] = []
    const listen = (message: unknown) => messages.push(message)
    subscribe(EVENT_CHANNEL, listen)
    onTestFinished(() => void unsubscribe(EVENT_CHANNEL, listen))
    await cache.getOrSet('user', [1], () => 'ada')
    expect(messages).toContainEqual({ namespace: 'shop', type: 'entry-missed', name: 'user', key: 'shop:user:1:1' })
  })
})

describe('C12: the log', () => {
  test('debug tells hits and misses, info what is stored and invalidated, warn what is refused, error what is broken', async () => {
    const log = new LogRecorder()
    const { cache } = openMemory({ logger: log })
    await cache.getOrSet('user', [1], () => 'ada')
    await cache.getOrSet('user', [1], () => 'ada')
    await cache.invalidateTags(['users'])
    await cache.getOrSet('user', [2], () => ({ f: () => 1 }))
    await cache.getOrSet('broken', [1], () => 'ada', {
      ttl: () => {
        throw new Error('no ttl')
      },
    })
    expect(log.messages('debug')).toContain('granary: entry hit')
    expect(log.messages('debug')).toContain('granary: entry missed')
    expect(log.messages('info')).toEqual(
      expect.arrayContaining(['granary: entry stored', 'granary: invalidation sent']),
    )
    expect(log.messages('warn')).toEqual(['granary: value refused'])
    expect(log.messages('error')).toEqual(['granary: option failed'])
    for (const { fields } of log.lines) expect(fields).toMatchObject({ namespace: 'granary' })
  })

  test('a level that is off is not asked for anything', async () => {
    const log = new LogRecorder('warn')
    const { cache } = openMemory({ logger: log })
    await cache.getOrSet('user', [1], () => 'ada')
    await cache.getOrSet('user', [1], () => 'ada')
    await cache.clear()
    expect(log.lines).toEqual([])
  })

  test('an outage of data does not become an outage of the log: six warnings of a kind a minute, the rest counted', async () => {
    const log = new LogRecorder('warn')
    const { cache, clock } = openMemory({ logger: log })
    const refuse = (id: number) => cache.getOrSet('user', [id], () => ({ f: () => 1 }))
    for (let id = 0; id < 100; id++) await refuse(id)
    expect(log.lines.length).toBe(6)
    await clock.advanceAsync(60_000)
    await refuse(100)
    expect(log.lines.length).toBe(7)
    expect(log.lines[6]?.fields).toMatchObject({ suppressed: 94 })
  })

  test('incident 25: losing Redis is one warning when it begins and one when it ends, with the cause', async () => {
    const log = new LogRecorder('warn')
    const { cache, proxy } = await stage.proxied({ logger: log, redis: { callBudget: '100ms' } })
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    for (let id = 0; id < 50; id++) await cache.getOrSet('user', [id], () => id)
    expect(cache.health()).toMatchObject({ status: 'degraded', redis: 'away', since: expect.any(Number) })
    expect(cache.stats().degraded).toMatchObject({ reason: cache.health().reason })
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
    expect(log.messages('warn').filter((message) => /redis (lost|recovered)/.test(message))).toEqual([
      'granary: redis lost',
      'granary: redis recovered',
    ])
    expect(log.lines.find(({ message }) => message.includes('lost'))?.fields).toMatchObject({
      reason: expect.any(String),
      err: expect.any(Error),
    })
    expect(cache.health()).toMatchObject({ status: 'ok', redis: 'open', reason: undefined, since: undefined })
    expect(cache.stats().degraded).toBeUndefined()
  })

  test('without a logger the process is warned', async () => {
    const warned: Error[] = []
    const listen = (warning: Error) => warned.push(warning)
    process.on('warning', listen)
    onTestFinished(() => void process.off('warning', listen))
    const cache = createCache()
    await cache.getOrSet('user', [1], () => ({ f: () => 1 }))
    await until(() => warned.length > 0)
    expect(warned[0]).toMatchObject({
      name: 'GranaryWarning',
      code: 'GRANARY_VALUE_REFUSED',
      message: expect.stringContaining('.f'),
    })
  })
})

describe('how one call was answered', () => {
  test.each([
    ['a miss', async (read: () => Promise<unknown>) => read, { outcome: 'miss', tier: 'loader', age: 0 }],
    ['a hit', async (read: () => Promise<unknown>) => void (await read()), { outcome: 'hit', tier: 'l1', age: 5_000 }],
  ])('%s', async (_, before, expected) => {
    const { cache, clock } = openMemory()
    const read = () => cache.getOrSet('user', [1], () => 'ada', EXACT)
    await before(read)
    await clock.advanceAsync(5_000)
    expect(await cache.observe(read)).toEqual({ value: 'ada', ...expected })
  })

  test('a stale answer says so, with its age', async () => {
    const { cache, clock } = openMemory()
    const read = () => cache.getOrSet('user', [1], () => 'ada', { ...EXACT, staleWhileRevalidate: '1m' })
    await read()
    await clock.advanceAsync(61_000)
    expect(await cache.observe(read)).toEqual({ value: 'ada', outcome: 'stale', tier: 'l1', age: 61_000 })
  })

  test('something that asks no cache is a bypass', async () => {
    const { cache } = openMemory()
    expect(await cache.observe(async () => 42)).toEqual({
      value: 42,
      outcome: 'bypass',
      tier: undefined,
      age: undefined,
    })
    expect(await cache.observe(() => cache.bypass(() => cache.getOrSet('user', [1], () => 'ada')))).toMatchObject({
      outcome: 'bypass',
    })
  })

  test('it is the call that was made, not one that its loader made', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('inner', [], () => 'part')
    const outer = () =>
      cache.getOrSet('outer', [], async () => `whole of ${await cache.getOrSet('inner', [], () => 'loaded')}`)
    expect(await cache.observe(outer)).toMatchObject({ value: 'whole of part', outcome: 'miss', tier: 'loader' })
    expect(await cache.observe(outer)).toMatchObject({ outcome: 'hit' })
  })

  test('a loader may observe the calls that it makes', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('inner', [], () => 'part')
    const seen = await cache.getOrSet('outer', [], () =>
      cache.observe(() => cache.getOrSet('inner', [], () => 'loaded')),
    )
    expect(seen).toMatchObject({ value: 'part', outcome: 'hit' })
  })

  test('observers of two caches hear only of their own', async () => {
    const [one, other] = [openMemory().cache, openMemory().cache]
    await other.getOrSet('user', [1], () => 'ada')
    const read = () =>
      one.observe(async () => [
        await other.getOrSet('user', [1], () => 'x'),
        await one.getOrSet('user', [1], () => 'y'),
      ])
    expect(await read()).toMatchObject({ value: ['ada', 'y'], outcome: 'miss' })
  })
})

describe('policies for everything that is called inside', () => {
  test('bypass reads nothing and stores nothing', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'old')
    expect(await cache.bypass(() => cache.getOrSet('user', [1], () => 'new'))).toBe('new')
    expect(cache.peek('user', [1])).toBe('old')
  })

  test('refresh loads anew and stores', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'old')
    expect(await cache.refresh(() => cache.getOrSet('user', [1], () => 'new'))).toBe('new')
    expect(cache.peek('user', [1])).toBe('new')
  })

  test('the innermost holds, and nothing outside of them is touched', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'old')
    const seen = await cache.refresh(() =>
      cache.bypass(async () => [await cache.getOrSet('user', [1], () => 'direct'), cache.peek('user', [1])]),
    )
    expect(seen).toEqual(['direct', 'old'])
    expect(await cache.getOrSet('user', [1], () => 'new')).toBe('old')
  })

  test('another cache is not concerned', async () => {
    const [one, other] = [openMemory().cache, openMemory().cache]
    await other.getOrSet('user', [1], () => 'old')
    expect(await one.bypass(() => other.getOrSet('user', [1], () => 'new'))).toBe('old')
  })

  test('a function that throws leaves nothing behind', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('user', [1], () => 'old')
    expect(() =>
      cache.bypass(() => {
        throw new Error('inside')
      }),
    ).toThrow('inside')
    await expect(cache.refresh(() => Promise.reject(new Error('later')))).rejects.toThrow('later')
    expect(await cache.getOrSet('user', [1], () => 'new')).toBe('old')
  })
})
