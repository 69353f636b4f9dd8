import { randomBytes } from 'node:crypto'
import { type FaultProxy, ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import type { Cache, CachedName } from '../src/index.ts'
import { openMemory } from './stage/memory-stage.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

type Files = CachedName<[number], string>

const stage = useRedis()
const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`user:${id}`] } as const

interface Counted {
  readonly cache: Cache
  readonly other: Cache
  readonly proxy: FaultProxy
  readonly users: CachedName<[number], { id: number }>
  readonly elsewhere: CachedName<[number], { id: number }>
}

/** A node behind a counting proxy with all its scripts known to the server and its heart at rest, and a node elsewhere. */
async function countedNode(): Promise<Counted> {
  const other = await stage.node()
  const elsewhere = other.define<[number], { id: number }>('user', { ...POLICY })
  const { cache, proxy } = await stage.proxied({ maxStaleness: '1m', redis: { callBudget: '2s' } })
  const users = cache.define<[number], { id: number }>('user', { ...POLICY })
  await users.getOrSet([-1], () => ({ id: -1 }))
  await users.set([-2], { id: -2 })
  await users.put([-3], async () => ({ id: -3 }))
  await cache.invalidateTags(['warm'])
  await cache.drain()
  await until(() => proxy.commands.some(({ name }) => name === 'GET'))
  await delivered(cache, other)
  await delivered(other, cache)
  proxy.forget()
  return { cache, other, proxy, users, elsewhere }
}

describe('C2: round trips, counted on the wire', () => {
  test('a memory hit makes none', async () => {
    const { cache, users, proxy } = await countedNode()
    await users.getOrSet([1], () => ({ id: 1 }))
    await cache.drain()
    proxy.forget()
    for (let at = 0; at < 100; at++) await users.getOrSet([1], () => ({ id: 0 }))
    expect(proxy.commands).toEqual([])
  })

  test('a Redis hit makes one, tags included', async () => {
    const { users, elsewhere, proxy, other } = await countedNode()
    await elsewhere.getOrSet([1], () => ({ id: 1 }))
    await other.drain()
    proxy.forget()
    expect(await users.getOrSet([1], () => ({ id: 0 }))).toEqual({ id: 1 })
    expect(proxy.commands.map(({ name }) => name)).toEqual(['MGET'])
    expect(proxy.roundTrips()).toBe(1)
  })

  test('a miss makes three, and its caller waits for two of them', async () => {
    const { cache, users, proxy } = await countedNode()
    const before: string[] = []
    const value = await users.getOrSet([1], async () => {
      before.push(...proxy.commands.map(({ name }) => name))
      await proxy.inject({ kind: 'hang' })
      return { id: 1 }
    })
    expect(value).toEqual({ id: 1 })
    expect(before).toEqual(['MGET', 'EVALSHA'])
    await proxy.heal()
    await cache.drain()
    expect(proxy.commands.map(({ name }) => name)).toEqual(['MGET', 'EVALSHA', 'EVALSHA'])
    expect(proxy.roundTrips()).toBe(3)
  })

  test.each([
    ['one entry', (cache: Cache) => cache.delete('user', [1])],
    ['a tag', (cache: Cache) => cache.invalidateTags(['user:1'])],
    ['a name', (cache: Cache) => cache.clear('user')],
    ['the namespace', (cache: Cache) => cache.clear()],
    [
      'many of each',
      (cache: Cache) =>
        cache.invalidate({
          tags: ['user:1', 'user:2'],
          entries: Array.from({ length: 50 }, (_, id) => ({ name: 'user', args: [id] })),
          names: ['user', 'other'],
        }),
    ],
  ])('invalidating %s makes one', async (_, invalidate) => {
    const { cache, proxy } = await countedNode()
    expect(await invalidate(cache)).toMatchObject({ delivered: true })
    expect(proxy.commands.map(({ name }) => name)).toEqual(['EVALSHA'])
  })

  test('set waits for one, a write-through for two', async () => {
    const { users, proxy } = await countedNode()
    await users.set([1], { id: 1 })
    expect(proxy.commands.map(({ name }) => name)).toEqual(['EVALSHA'])
    proxy.forget()
    const before: string[] = []
    await users.put([1], async () => {
      before.push(...proxy.commands.map(({ name }) => name))
      return { id: 2 }
    })
    expect(before).toEqual(['EVALSHA'])
    expect(proxy.commands.map(({ name }) => name)).toEqual(['EVALSHA', 'EVALSHA'])
    expect(proxy.roundTrips()).toBe(2)
  })

  test('64 Redis hits at once share a handful', async () => {
    const { users, elsewhere, proxy, other } = await countedNode()
    const ids = Array.from({ length: 64 }, (_, id) => id)
    await Promise.all(ids.map((id) => elsewhere.getOrSet([id], () => ({ id }))))
    await other.drain()
    proxy.forget()
    const values = await Promise.all(ids.map((id) => users.getOrSet([id], () => ({ id: -1 }))))
    expect(values).toEqual(ids.map((id) => ({ id })))
    expect(proxy.roundTrips()).toBeLessThanOrEqual(4)
    expect(proxy.commands.length).toBeLessThanOrEqual(4)
  })

  test('a batch reads with one MGET, leases with one script and loads only what is missing, with one call', async () => {
    const { users, elsewhere, proxy, other } = await countedNode()
    const ids = Array.from({ length: 100 }, (_, id) => id)
    await elsewhere.getOrSetMany(
      ids.slice(0, 50).map((id) => [id] as [number]),
      async (missing) => missing.map(([id]) => ({ id })),
    )
    await other.drain()
    proxy.forget()
    const asked: number[][] = []
    let waited: string[] = []
    const values = await users.getOrSetMany(
      ids.map((id) => [id] as [number]),
      async (missing) => {
        waited = proxy.commands.map(({ name }) => name)
        asked.push(missing.map(([id]) => id))
        return missing.map(([id]) => ({ id }))
      },
    )
    expect(values).toEqual(ids.map((id) => ({ id })))
    expect(asked).toEqual([ids.slice(50)])
    expect(waited).toEqual(['MGET', 'EVALSHA'])
  })
})

describe('C2: when a Redis hit needs a second round trip', () => {
  test('while an invalidation is on its way to this process, and no longer than that', async () => {
    const { cache, users, elsewhere, proxy, other } = await countedNode()
    await Promise.all([1, 2, 3].map((id) => elsewhere.getOrSet([id], () => ({ id }))))
    await other.drain()
    const silence = await proxy.inject({
      kind: 'hang',
      direction: 'down',
      connections: (each) => each.sent('SUBSCRIBE'),
    })
    await other.invalidateTags(['something else'])
    await users.getOrSet([3], () => ({ id: -1 }))
    proxy.forget()
    expect(await users.getOrSet([1], () => ({ id: -1 }))).toEqual({ id: 1 })
    expect(proxy.roundTrips()).toBe(2)
    await silence.lift()
    await delivered(other, cache)
    proxy.forget()
    expect(await users.getOrSet([2], () => ({ id: -1 }))).toEqual({ id: 2 })
    expect(proxy.roundTrips()).toBe(1)
  })

  test('once for a tag that is older than what a starting process is told', async () => {
    const other = await stage.node()
    const name = { ttl: '5m', tags: ['old'] } as const
    const elsewhere = other.define<[number], number>('user', name)
    await elsewhere.getOrSetMany([[1], [2]], async (missing) => missing.map(([id]) => id))
    await other.drain()
    await other.invalidateTags(Array.from({ length: 5_500 }, (_, at) => `tag ${at}`))
    const { cache, proxy } = await stage.proxied({ maxStaleness: '1m' })
    const users = cache.define<[number], number>('user', name)
    await until(() => proxy.commands.some(({ name }) => name === 'GET'))
    await cache.getOrSet('warm', [], () => 1)
    await cache.drain()
    proxy.forget()
    expect(await users.getOrSet([1], () => -1)).toBe(1)
    const first = proxy.roundTrips()
    proxy.forget()
    expect(await users.getOrSet([2], () => -1)).toBe(2)
    expect(first).toBeGreaterThan(proxy.roundTrips())
    expect(proxy.roundTrips()).toBe(1)
  })
})

describe('C14: large values', () => {
  test('travel on a connection of their own, so that they delay no small one', async () => {
    const { proxy, users, elsewhere, cache, other } = await countedNode()
    const policy = { ttl: '5m' } as const
    const [here, there] = [cache, other].map((each) => each.define<[number], string>('file', policy)) as [Files, Files]
    const file = randomBytes(60_000).toString('hex')
    for (const id of [1, 2]) await there.getOrSet([id], () => file)
    await elsewhere.getOrSet([1], () => ({ id: 1 }))
    await other.drain()
    expect(await here.getOrSet([1], () => 'loaded')).toBe(file)
    proxy.forget()
    const slow = await proxy.inject({
      kind: 'hang',
      direction: 'down',
      connections: (each) => each.index > 0 && each.sent('MGET'),
    })
    const large = here.getOrSet([2], () => 'loaded')
    await until(() => proxy.commands.some(({ name }) => name === 'MGET'))
    expect(await users.getOrSet([1], () => ({ id: -1 }))).toEqual({ id: 1 })
    expect(new Set(proxy.commands.filter(({ name }) => name === 'MGET').map(({ connection }) => connection)).size).toBe(
      2,
    )
    await slow.lift()
    expect(await large).toBe(file)
  })
})

describe('C2: a memory hit is as cheap as it can be', () => {
  test('it reads the clock once, sets no timer and copies no plain data', async () => {
    let readings = 0
    class CountingClock extends ManualClock {
      override now(): number {
        readings += 1
        return super.now()
      }
    }
    const clock = new CountingClock()
    const { cache } = openMemory({ clock })
    const named = cache.define<[number], { deep: { list: number[] } }>('row', { ttl: '1m' })
    const loaded = await named.getOrSet([1], () => ({ deep: { list: [1, 2, 3] } }))
    readings = 0
    const hit = await named.getOrSet([1], () => ({ deep: { list: [] } }))
    expect(readings).toBe(1)
    expect(clock.pending).toBe(0)
    expect(hit).toBe(loaded)
  })

  test('it is available synchronously', async () => {
    const { cache } = openMemory()
    const named = cache.define<[number], string>('row', { ttl: '1m' })
    expect(named.hit([1])).toBeUndefined()
    await named.getOrSet([1], () => 'value')
    await expect(named.hit([1])).resolves.toBe('value')
    expect(named.peek([1])).toBe('value')
    expect(cache.peek('row', [1])).toBe('value')
  })
})
