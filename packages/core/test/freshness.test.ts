import { ManualClock, ScriptedRandom } from '@granary/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isDueEarly } from '../src/entry/early-refresh.ts'
import type { EntryTimes } from '../src/entry/entry.ts'
import { planExpiry } from '../src/entry/expiry.ts'
import { judgeFreshness } from '../src/entry/freshness.ts'
import { currentLoad, type PartialPolicy } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'

const MINUTE = 60_000
const NEVER_EARLY = { refreshAhead: 1, beta: 0 }

/** One row behind one name with exact expiry. */
function scene(policy: Partial<PartialPolicy<[number], string | null | undefined>> = {}) {
  const stage = openMemory()
  const rows = stage.cache.define<[number], string | null | undefined>('row', { ttl: '1m', jitter: 0, ...policy })
  const db = new Database<string | null | undefined>([[1, 'v0']])
  const read = () => rows.getOrSet([1], db.reading(1))
  return { ...stage, rows, db, read }
}

describe('without Redis', () => {
  test("consistency 'strong' is served from memory: there is no other process, and memory is exact", async () => {
    const { cache, rows, db, read } = scene({ consistency: 'strong' })
    await read()
    db.rows.set(1, 'v1')
    expect(await read()).toBe('v0')
    await rows.delete([1])
    expect(await read()).toBe('v1')
    expect(cache.bookmark()).toBeUndefined()
    expect(await cache.follow(undefined, () => rows.delete([1]))).toEqual({ delivered: true })
  })
})

describe('C5: absolute expiry', () => {
  test('an entry is fresh for its ttl and not an instant longer', async () => {
    const { clock, db, read } = scene()
    await read()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(MINUTE - 1)
    expect(await read()).toBe('v0')
    await clock.advanceAsync(1)
    expect(await read()).toBe('v1')
  })

  test('incident 19: reading an entry never makes it live longer', async () => {
    const { clock, db, read } = scene()
    await read()
    for (let at = 0; at < 59; at++) {
      await clock.advanceAsync(1_000)
      await read()
    }
    db.rows.set(1, 'v1')
    await clock.advanceAsync(1_000)
    expect(await read()).toBe('v1')
  })

  test('the ttl counts from the end of the load', async () => {
    const { clock, db, read } = scene()
    const release = db.hold()
    const first = read()
    await clock.advanceAsync(50_000)
    release()
    await first
    await clock.advanceAsync(MINUTE - 1)
    await read()
    expect(db.reads.length).toBe(1)
  })

  test('clocks on the wall play no part', async () => {
    const { clock, db, read } = scene()
    await read()
    clock.skewWall(-86_400_000)
    await read()
    clock.skewWall(3 * 86_400_000)
    await read()
    expect(db.reads.length).toBe(1)
  })

  test('the ttl may depend on the value, the arguments and the instance', async () => {
    const { cache, clock } = openMemory()
    const named = cache.define<[number], { seconds: number }>('row', {
      ttl: function (this: { factor: number }, value: { seconds: number }, extra: number) {
        return `${BigInt((value.seconds + extra) * this.factor)}s`
      },
      jitter: 0,
    })
    await named.getOrSet([3], () => ({ seconds: 2 }), { factor: 2 })
    await clock.advanceAsync(9_999)
    expect(named.peek([3])).toEqual({ seconds: 2 })
    await clock.advanceAsync(1)
    expect(named.peek([3])).toBeUndefined()
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('no ttl for this')
      },
    ],
    ['returns a number', () => 5_000],
    ['returns nonsense', () => 'soon'],
  ])('a ttl function that %s costs the entry, never the call, and is told', async (_, ttl) => {
    const { cache, rows, read } = scene({ ttl: ttl as never })
    const failed = eventsOf(cache, 'option-failed')
    expect(await read()).toBe('v0')
    expect(rows.peek([1])).toBeUndefined()
    expect(failed).toMatchObject([{ name: 'row', option: 'ttl' }])
  })
})

describe('C5: negative entries', () => {
  test.each([
    ['30s by default', {}, 30_000],
    ['the ttl when that is shorter', { ttl: '10s' }, 10_000],
    ['negativeTtl when given', { negativeTtl: '5s' }, 5_000],
    ['negativeTtl also when it is longer than the ttl', { negativeTtl: '10m' }, 600_000],
  ] as const)('null and undefined live for %s', async (_, policy, life) => {
    for (const nothing of [null, undefined]) {
      const { clock, db, read } = scene(policy)
      db.rows.set(1, nothing)
      expect(await read()).toBe(nothing)
      await clock.advanceAsync(life - 1)
      expect(await read()).toBe(nothing)
      expect(db.reads.length).toBe(1)
      await clock.advanceAsync(1)
      await read()
      expect(db.reads.length).toBe(2)
    }
  })

  test.each([[0], [''], [false], [Number.NaN], [[]], [{}]])('%j is no negative value', async (value) => {
    const { cache, clock } = openMemory()
    await cache.getOrSet('row', [1], () => value, { ttl: '10m', jitter: 0 })
    await clock.advanceAsync(599_000)
    expect(cache.peek('row', [1])).toEqual(value)
    expect(cache.stats().hitsNegative).toBe(0)
  })
})

describe('C5: stale-while-revalidate (RFC 5861)', () => {
  test('a stale value is served at once while one refresh runs, and the next caller gets the new one', async () => {
    const { cache, clock, db, read } = scene({ staleWhileRevalidate: '30s' })
    await read()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(MINUTE + 29_999)
    const release = db.hold()
    expect(await Promise.all([read(), read(), read()])).toEqual(['v0', 'v0', 'v0'])
    await clock.settle()
    expect(db.reads.length).toBe(2)
    release()
    await cache.drain()
    expect(await read()).toBe('v1')
    expect(cache.stats()).toMatchObject({ hitsStale: 3, loads: 2 })
  })

  test('after the window the caller waits', async () => {
    const { clock, db, read } = scene({ staleWhileRevalidate: '30s' })
    await read()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(MINUTE + 30_000)
    expect(await read()).toBe('v1')
  })

  test('a refresh that fails is told and tried again by the next caller, and nobody is harmed', async () => {
    const { cache, clock, db, read } = scene({ staleWhileRevalidate: '30s' })
    const failed = eventsOf(cache, 'load-failed')
    await read()
    await clock.advanceAsync(MINUTE)
    db.fail(new Error('database down'))
    expect(await read()).toBe('v0')
    await cache.drain()
    expect(await read()).toBe('v0')
    await cache.drain()
    expect(failed.length).toBe(2)
    db.fail()
    db.rows.set(1, 'v1')
    expect(await read()).toBe('v0')
    await cache.drain()
    expect(await read()).toBe('v1')
  })
})

describe('C5: stale-if-error (RFC 5861)', () => {
  test('a kept value stands in for a load that fails, within its window', async () => {
    const { cache, clock, db, read } = scene({ staleIfError: '10m' })
    await read()
    await clock.advanceAsync(MINUTE)
    const error = new Error('database down')
    db.fail(error)
    expect(await cache.observe(read)).toMatchObject({ value: 'v0', outcome: 'stale' })
    await clock.advanceAsync(10 * MINUTE)
    await expect(read()).rejects.toBe(error)
  })

  test('it does not keep anybody from the new value', async () => {
    const { clock, db, read } = scene({ staleIfError: '10m' })
    await read()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(MINUTE)
    expect(await read()).toBe('v1')
  })

  test('without a window a failure is a failure', async () => {
    const { clock, db, read } = scene()
    await read()
    await clock.advanceAsync(MINUTE)
    db.fail(new Error('database down'))
    await expect(read()).rejects.toThrow('database down')
  })

  test('a first load that fails has nothing that could stand in', async () => {
    const { db, read } = scene({ staleIfError: '10m' })
    db.fail(new Error('database down'))
    await expect(read()).rejects.toThrow('database down')
  })
})

describe('C5: refreshing before the end', () => {
  test('refreshAhead: after its share of the ttl a fresh value is served and one refresh runs', async () => {
    const { cache, clock, db, read } = scene({ refreshAhead: 0.8 })
    await read()
    await clock.advanceAsync(0.8 * MINUTE - 1)
    await read()
    await cache.drain()
    expect(db.reads.length).toBe(1)
    await clock.advanceAsync(1)
    db.rows.set(1, 'v1')
    expect(await Promise.all([read(), read()])).toEqual(['v0', 'v0'])
    await cache.drain()
    expect(db.reads.length).toBe(2)
    expect(await read()).toBe('v1')
    expect(cache.stats()).toMatchObject({ hitsStale: 0, misses: 1 })
  })

  test('incident 23: a share of the ttl leaves no cold gap under steady reads', async () => {
    const { cache, clock, read } = scene({ ttl: '2m', refreshAhead: 0.5 })
    for (let at = 0; at < 600; at++) {
      await read()
      await clock.advanceAsync(1_000)
    }
    expect(cache.stats().misses).toBe(1)
  })

  test('XFetch: chance decides which hit refreshes early, 6 s before the end of what took 1 s to load', async () => {
    const clock = new ManualClock({ now: 1_000_000 })
    const random = new ScriptedRandom([1 - Math.exp(-2.99), 1 - Math.exp(-3.01), 0])
    const { cache } = openMemory({ clock, random })
    const db = new Database([[1, 'v0']])
    const policy = { ttl: '1m', jitter: 0, beta: 2 } as const
    const read = () => cache.getOrSet('row', [1], db.reading(1), policy)
    const release = db.hold()
    const first = read()
    await clock.advanceAsync(1_000)
    release()
    await first
    await clock.advanceAsync(MINUTE - 6_000)
    await read()
    await cache.drain()
    expect(db.reads.length).toBe(1)
    await read()
    await cache.drain()
    expect(db.reads.length).toBe(2)
  })

  test('XFetch: the chance of an early refresh is exp(-left / (beta * loadTime))', () => {
    const random = new ScriptedRandom(7)
    const entry: EntryTimes = { created: 0, freshUntil: 10_000, staleUntil: 10_000, keepUntil: 10_000, loadTime: 500 }
    for (const left of [100, 500, 1_000, 2_000]) {
      const draws = 20_000
      let due = 0
      for (let at = 0; at < draws; at++) {
        if (isDueEarly(entry, { refreshAhead: 1, beta: 2 }, entry.freshUntil - left, random)) due += 1
      }
      expect(due / draws).toBeCloseTo(Math.exp(-left / (2 * 500)), 1)
    }
  })
})

describe('C5: timeouts', () => {
  test('soft: the caller leaves with the stale value, and the load goes on and is stored', async () => {
    const { cache, clock, db, read } = scene({ staleIfError: '10m', softTimeout: '100ms' })
    await read()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(MINUTE)
    const release = db.hold()
    const patient = read()
    await clock.advanceAsync(99)
    expect(cache.inspect()).toMatchObject({ flights: 1, background: 0 })
    await clock.advanceAsync(1)
    expect(await patient).toBe('v0')
    expect(cache.inspect()).toMatchObject({ flights: 1, background: 1 })
    release()
    await cache.drain()
    expect(await read()).toBe('v1')
    expect(db.reads.length).toBe(2)
  })

  test('soft: without a stale value there is nothing to leave with, so the caller waits', async () => {
    const { clock, db, read } = scene({ staleIfError: '10m', softTimeout: '100ms' })
    const release = db.hold()
    const patient = read()
    await clock.advanceAsync(5_000)
    release()
    expect(await patient).toBe('v0')
  })

  test('hard: the signal fires, callers get LoadTimeout, and what the loader brings later is not stored', async () => {
    const { clock, db, rows } = scene({ hardTimeout: '1s' })
    const release = db.hold()
    let signal: AbortSignal | undefined
    const call = rows.getOrSet([1], () => {
      signal = currentLoad().signal
      return db.read(1)
    })
    const both = Promise.allSettled([call, rows.getOrSet([1], db.reading(1))])
    await clock.advanceAsync(999)
    expect(signal?.aborted).toBe(false)
    await clock.advanceAsync(1)
    for (const result of await both)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'LOAD_TIMEOUT' } })
    expect(signal?.aborted).toBe(true)
    expect(signal?.reason).toMatchObject({ code: 'LOAD_TIMEOUT', key: rows.keyOf([1]) })
    release()
    await clock.settle()
    expect(rows.peek([1])).toBeUndefined()
  })

  test('hard: the next caller loads anew, although the old loader still runs', async () => {
    const { clock, db, read, rows } = scene({ hardTimeout: '1s' })
    db.hold()
    const late = read()
    late.catch(() => {})
    await clock.advanceAsync(1_000)
    await expect(late).rejects.toMatchObject({ code: 'LOAD_TIMEOUT' })
    expect(await rows.getOrSet([1], () => 'from a replica')).toBe('from a replica')
  })

  test('hard: a kept value stands in under staleIfError', async () => {
    const { clock, db, read } = scene({ hardTimeout: '1s', staleIfError: '10m' })
    await read()
    await clock.advanceAsync(MINUTE)
    db.hold()
    const late = read()
    await clock.advanceAsync(1_000)
    expect(await late).toBe('v0')
  })

  test('a load that ends in time leaves no timer', async () => {
    const { clock, read } = scene({ hardTimeout: '1s', softTimeout: '500ms', staleIfError: '1m' })
    await read()
    expect(clock.pending).toBe(0)
  })
})

describe('C5: inside a load', () => {
  test('currentLoad tells its signal, its key, the time, and what it refreshes', async () => {
    const { cache, clock, rows, read } = scene({ staleWhileRevalidate: '1m' })
    await read()
    await clock.advanceAsync(MINUTE)
    const seen: unknown[] = []
    await rows.getOrSet([1], () => {
      const { key, stale, now, signal } = currentLoad()
      seen.push(key, stale, now, signal.aborted)
      return 'v1'
    })
    await cache.drain()
    expect(seen).toEqual([rows.keyOf([1]), 'v0', clock.wall(), false])
  })

  test('it survives awaits, and is refused outside', async () => {
    const { rows, clock } = scene()
    const key = await rows.getOrSet([1], async () => {
      await clock.settle()
      return currentLoad().key
    })
    expect(key).toBe(rows.keyOf([1]))
    expect(() => currentLoad()).toThrow(expect.objectContaining({ code: 'NO_ACTIVE_LOAD' }))
  })

  test('notModified keeps the stale value for another ttl', async () => {
    const { cache, clock, rows, read } = scene({ staleWhileRevalidate: '1m' })
    await read()
    await clock.advanceAsync(MINUTE)
    await rows.getOrSet([1], () => currentLoad().notModified())
    await cache.drain()
    await clock.advanceAsync(MINUTE - 1)
    expect(await rows.getOrSet([1], () => 'loaded')).toBe('v0')
  })

  test('notModified with nothing to keep is an error, not an empty entry', async () => {
    const { rows } = scene()
    await expect(rows.getOrSet([1], () => currentLoad().notModified())).rejects.toThrow(/notModified/)
    expect(rows.peek([1])).toBeUndefined()
    expect(await rows.getOrSet([1], () => 'loaded')).toBe('loaded')
  })

  test("a loader that changes the value it refreshes changes nobody else's", async () => {
    const { cache, clock } = openMemory()
    const named = cache.define<[], Map<string, number>>('map', { ttl: '1m', jitter: 0, staleIfError: '10m' })
    await named.getOrSet([], () => new Map([['a', 1]]))
    await clock.advanceAsync(MINUTE)
    const spoil = async () => {
      ;(currentLoad().stale as Map<string, number>).set('a', 666)
      throw new Error('failed after that')
    }
    expect(await named.getOrSet([], spoil)).toEqual(new Map([['a', 1]]))
    expect(await named.getOrSet([], spoil)).toEqual(new Map([['a', 1]]))
  })
})

describe('C5: what is stored at all', () => {
  test('shouldCache refuses a value, and sees value, arguments and instance', async () => {
    const { cache } = openMemory()
    const seen: unknown[] = []
    const named = cache.define<[number], string>('row', {
      ttl: '1m',
      shouldCache: function (this: unknown, value, id) {
        seen.push(this, value, id)
        return value !== 'partial'
      },
    })
    const self = { instance: true }
    await named.getOrSet([1], () => 'partial', self)
    expect(named.peek([1])).toBeUndefined()
    await named.getOrSet([1], () => 'whole', self)
    expect(named.peek([1])).toBe('whole')
    expect(seen).toEqual([self, 'partial', 1, self, 'whole', 1])
  })

  test('condition sends a call past the cache', async () => {
    const { cache } = openMemory()
    const named = cache.define<[number, boolean], string>('row', {
      ttl: '1m',
      key: (id) => id,
      condition: (_, cached) => cached,
    })
    await named.getOrSet([1, true], () => 'cached')
    expect(await named.getOrSet([1, false], () => 'direct')).toBe('direct')
    expect(await named.getOrSet([1, true], () => 'direct')).toBe('cached')
    expect(cache.stats().bypassed).toBe(1)
  })

  test('incident 14: an error is never stored, and an empty answer only as long as negativeTtl says', async () => {
    const { clock, db, read } = scene({ negativeTtl: '1s' })
    db.fail(new Error('query failed'))
    await expect(read()).rejects.toThrow('query failed')
    db.fail()
    db.rows.set(1, null)
    expect(await read()).toBeNull()
    db.rows.set(1, 'v1')
    await clock.advanceAsync(1_000)
    expect(await read()).toBe('v1')
  })
})

describe('C5 as laws', () => {
  const policies = fc.record({
    jitter: fc.double({ min: 0, max: 0.5, noNaN: true }),
    staleWhileRevalidate: fc.nat(1_000_000),
    staleIfError: fc.nat(1_000_000),
  })
  const lives = fc.record({
    created: fc.double({ min: 0, max: 1e12, noNaN: true }),
    loadTime: fc.double({ min: 0, max: 60_000, noNaN: true }),
    ttl: fc.integer({ min: 1, max: 1_000_000_000 }),
  })
  const chances = fc.double({ min: 0, max: 0.999_999_999, noNaN: true })

  test('jitter moves the end by its share at most, and the windows follow it', () => {
    fc.assert(
      fc.property(lives, policies, chances, (life, policy, chance) => {
        const times = planExpiry(life, policy, new ScriptedRandom([chance]))
        const end = life.created + life.ttl
        expect(times.freshUntil).toBeGreaterThanOrEqual(end - life.ttl * policy.jitter - 1e-3)
        expect(times.freshUntil).toBeLessThanOrEqual(end + life.ttl * policy.jitter + 1 + 1e-3)
        expect(times.staleUntil - times.freshUntil).toBe(policy.staleWhileRevalidate)
        expect(times.keepUntil - times.freshUntil).toBe(Math.max(policy.staleWhileRevalidate, policy.staleIfError))
      }),
    )
  })

  test('by default 1,000 entries that were loaded together expire over a fifth of the ttl', async () => {
    const { cache, clock } = openMemory()
    await Promise.all(Array.from({ length: 1_000 }, (_, id) => cache.getOrSet('row', [id], () => id, { ttl: '100s' })))
    const alive = () =>
      Array.from({ length: 1_000 }, (_, id) => cache.peek('row', [id])).filter((row) => row !== undefined).length
    await clock.advanceAsync(89_999)
    expect(alive()).toBe(1_000)
    await clock.advanceAsync(10_001)
    expect(alive()).toBeGreaterThan(400)
    expect(alive()).toBeLessThan(600)
    await clock.advanceAsync(10_001)
    expect(alive()).toBe(0)
  })

  test('age only ever leads from fresh over stale and kept to expired', () => {
    const rank = { fresh: 0, due: 0, stale: 1, kept: 2, expired: 3 }
    fc.assert(
      fc.property(
        lives,
        policies,
        chances,
        fc.array(fc.nat(3_000_000_000), { minLength: 2, maxLength: 10 }),
        (life, policy, chance, ages) => {
          const times = planExpiry(life, policy, new ScriptedRandom([chance]))
          const ranks = ages
            .toSorted((a, b) => a - b)
            .map((age) => rank[judgeFreshness(times, NEVER_EARLY, life.created + age, new ScriptedRandom([]))])
          expect(ranks).toEqual(ranks.toSorted())
        },
      ),
    )
  })

  test('an early refresh is due from its share on and never makes a value stale', () => {
    fc.assert(
      fc.property(
        lives,
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        fc.double({ min: 0, max: 1.5, noNaN: true }),
        (life, share, age) => {
          const times = planExpiry(
            life,
            { jitter: 0, staleWhileRevalidate: 0, staleIfError: 0 },
            new ScriptedRandom([]),
          )
          const now = times.created + age * (times.freshUntil - times.created)
          const freshness = judgeFreshness(times, { refreshAhead: share, beta: 0 }, now, new ScriptedRandom([]))
          if (now >= times.freshUntil) expect(freshness).toBe('expired')
          else if (age < share - 1e-9) expect(freshness).toBe('fresh')
          else if (age > share + 1e-9) expect(freshness).toBe('due')
        },
      ),
    )
  })
})
