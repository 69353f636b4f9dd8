import { describe, expect, test } from 'vitest'
import type { Cache } from '../src/index.ts'
import { Database } from './stage/database.ts'
import { eventsOf, openMemory } from './stage/memory-stage.ts'
import { delivered, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', jitter: 0 } as const

let floods = 0

/** Calls so many new names, once each, that earlier ones are forgotten. */
async function flood(cache: Cache, names = 1_200): Promise<void> {
  const flood = ++floods
  for (let at = 0; at < names; at++) await cache.getOrSet(`flood${flood}:n${at}`, [], () => at, POLICY)
}

describe('an invalidation that names nothing', () => {
  test.each([
    [{ tag: ['user:7'] }, /'tag' is not allowed; targets are tags, entries, names, namespace/],
    [{ tags: 'user:7' }, /tags: 'user:7' is not allowed; it is a list/],
    [{ names: 'user' }, /names: 'user' is not allowed/],
  ])('%j is refused, instead of resolving as delivered', async (targets, message) => {
    const { cache } = openMemory()
    await expect(cache.invalidate(targets as never)).rejects.toThrow(message)
  })

  test('nothing to invalidate is no mistake', async () => {
    const { cache } = openMemory()
    expect(await cache.invalidate({ tags: [], names: undefined } as never)).toMatchObject({ delivered: true })
  })
})

describe('C13: names that only calls bring', () => {
  test('are bounded, their entries in memory too, and the totals lose nothing', async () => {
    const { cache } = openMemory()
    await flood(cache, 5_000)
    const { names, misses, sets, entries } = cache.stats()
    expect(Object.keys(names).length).toBeLessThanOrEqual(1_000)
    expect({ misses, sets }).toEqual({ misses: 5_000, sets: 5_000 })
    expect(entries).toBe(Object.keys(names).length)
  })

  test('those called again and again stay, with all that is in memory', async () => {
    const { cache } = openMemory()
    for (let round = 0; round < 50; round++) {
      expect(await cache.getOrSet('hot', [1], () => round, POLICY)).toBe(0)
      await flood(cache, 80)
    }
    expect(cache.stats().misses).toBe(50 * 80 + 1)
  })

  test('those given to define are never forgotten', async () => {
    const { cache } = openMemory()
    const users = cache.define<[number], string>('user', POLICY)
    await users.getOrSet([1], () => 'kept')
    await flood(cache, 3_000)
    expect(users.peek([1])).toBe('kept')
    expect(cache.stats().names).toHaveProperty('user')
  })

  test('what is still loading when its name is forgotten is given to its caller, and kept nowhere', async () => {
    const { cache } = openMemory()
    const rows = new Database([[1, 'old']])
    const release = rows.hold()
    const early = cache.getOrSet('row', [1], rows.reading(1), POLICY)
    await flood(cache)
    expect(cache.stats().names).not.toHaveProperty('row')
    rows.rows.set(1, 'new')
    await cache.clear('row')
    release()
    expect(await cache.getOrSet('row', [1], rows.reading(1), POLICY)).toBe('new')
    expect(await early).toBe('old')
    expect(cache.peek('row', [1])).toBe('new')
  })

  test('a version that replaces another leaves no entries of it behind', async () => {
    const { cache } = openMemory()
    for (let version = 1; version <= 50; version++)
      await cache.getOrSet('row', [1], () => version, { ...POLICY, version })
    expect(cache.stats()).toMatchObject({ entries: 1, misses: 50 })
  })

  test('a forgotten name finds its entries in Redis again, and none that was invalidated meanwhile', async () => {
    const [here, there] = [await stage.node(), await stage.node()]
    const load = (value: string) => here.getOrSet('row', [1], () => value, POLICY)
    await load('first')
    await here.drain()
    await flood(here)
    expect(here.peek('row', [1])).toBeUndefined()
    expect(await load('second')).toBe('first')
    await flood(here)
    await there.getOrSet('row', [2], () => 'defines the name', POLICY)
    await there.delete('row', [1])
    await delivered(there, here)
    expect(await load('third')).toBe('third')
  })
})

describe('an entry of a name that this process has not defined', () => {
  const keyed = { ttl: '5m', key: (user: { id: number }) => user.id, version: 3 } as const

  test.each([
    ['delete', (cache: Cache) => cache.delete('profile', [{ id: 7, etag: 'x' }])],
    ['invalidate', (cache: Cache) => cache.invalidate({ entries: [{ name: 'profile', args: [{ id: 7 }] }] })],
    [
      'delete after it was only asked for',
      async (cache: Cache) => {
        await cache.get('profile', [{ id: 7 }])
        return cache.delete('profile', [{ id: 7 }])
      },
    ],
  ])('is invalidated with its whole name by %s: no key function is guessed', async (_, invalidate) => {
    const [owner, stranger] = [await stage.node(), await stage.node()]
    const profiles = owner.define<[{ id: number }], string>('profile', keyed)
    await profiles.getOrSet([{ id: 7 }], () => 'old')
    await owner.drain()
    expect(await invalidate(stranger)).toMatchObject({ delivered: true })
    await delivered(stranger, owner)
    expect(await profiles.get([{ id: 7 }])).toBeUndefined()
  })

  test('which is told once for each name', async () => {
    const { cache } = openMemory()
    const advice = eventsOf(cache, 'advice-given')
    for (const name of ['profile', 'plan', 'profile', 'profile']) await cache.delete(name, [1])
    expect(advice.map((event) => /'(\w+)'/.exec('advice' in event ? event.advice : '')?.[1])).toEqual([
      'profile',
      'plan',
    ])
  })

  test('a name that this process stores under is known: only the entry goes', async () => {
    const { cache } = openMemory()
    const advice = eventsOf(cache, 'advice-given')
    for (const id of [1, 2]) await cache.set('row', [id], id)
    await cache.delete('row', [1])
    expect([1, 2].map((id) => cache.peek('row', [id]))).toEqual([undefined, 2])
    expect(advice).toEqual([])
  })
})
