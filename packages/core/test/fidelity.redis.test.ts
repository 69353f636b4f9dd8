import { describe, expect, test } from 'vitest'
import { c9Values, classes, identical, Money } from '../../serialization/test/c9-values.ts'
import type { Cache, CacheOptions } from '../src/index.ts'
import { delivered, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const KEYS = { keys: [{ id: 'k1', key: Buffer.alloc(32, 7) }] }
const POLICY = { ttl: '5m', negativeTtl: '5m' } as const

type Settings = Pick<CacheOptions, 'compression' | 'encrypt'>

const SETTINGS: readonly (readonly [string, Settings])[] = [
  ['as it comes', {}],
  ['compressed from the first byte', { compression: { threshold: 1, minSaving: 0.01 } }],
  ['never compressed', { compression: false }],
  ['sealed', { encrypt: KEYS }],
  ['compressed and sealed', { compression: { threshold: 1, minSaving: 0.01 }, encrypt: KEYS }],
]

/** Each row of the table under its own id. */
const ROWS = c9Values.map((row, id) => ({ ...row, id }))

async function twoNodes(settings: Settings): Promise<readonly [Cache, Cache]> {
  const options = { classes, ...settings, maxStaleness: '30s', redis: { callBudget: '10s' } } as const
  return [await stage.node(options), await stage.node(options)]
}

const named = (cache: Cache) => cache.define<[number], unknown>('value', POLICY)

/** The names of the rows that did not come back as they went in. */
function changed(values: readonly unknown[]): string[] {
  return ROWS.filter(({ make }, at) => !identical(values[at], make())).map(({ name }) => name)
}

describe('C9: every value is the same from the loader, from memory and from Redis', () => {
  test.each(SETTINGS)('%s', async (_, settings) => {
    const [here, there] = await twoNodes(settings)
    const [one, other] = [named(here), named(there)]
    expect(changed(await Promise.all(ROWS.map(({ id, make }) => one.getOrSet([id], make))))).toEqual([])
    await here.drain()
    expect(changed(await Promise.all(ROWS.map(({ id }) => one.getOrSet([id], () => 'loaded'))))).toEqual([])
    expect(changed(await Promise.all(ROWS.map(({ id }) => other.getOrSet([id], () => 'loaded'))))).toEqual([])
    expect(changed(await Promise.all(ROWS.map(({ id }) => other.getOrSet([id], () => 'loaded'))))).toEqual([])
    expect(here.stats()).toMatchObject({ loads: ROWS.length, refused: 0, rejected: 0 })
    expect(there.stats()).toMatchObject({ loads: 0, hitsL2: ROWS.length, hitsL1: ROWS.length })
  })

  test('as a batch, written through, and set', async () => {
    const [here, there] = await twoNodes({})
    const [one, other] = [named(here), named(there)]
    const ids = ROWS.map(({ id }) => [id] as [number])
    const load = async (missing: readonly (readonly [number])[]) => missing.map(([id]) => ROWS[id]?.make())
    expect(changed(await one.getOrSetMany(ids, load))).toEqual([])
    await here.drain()
    expect(changed(await other.getOrSetMany(ids, () => Promise.reject(new Error('loaded'))))).toEqual([])
    await here.clear('value')
    await delivered(here, there)
    await Promise.all(ROWS.map(({ id, make }) => one.put([id], make)))
    expect(changed(await Promise.all(ROWS.map(({ id }) => other.get([id]))))).toEqual([])
    await Promise.all(ROWS.map(({ id, make }) => one.set([id], make())))
    await delivered(here, there)
    expect(changed(await Promise.all(ROWS.map(({ id }) => other.get([id]))))).toEqual([])
  })

  test('null and undefined in Redis are hits', async () => {
    const [here, there] = await twoNodes({})
    for (const [id, nothing] of [null, undefined].entries()) {
      await named(here).getOrSet([id], () => nothing)
      await here.drain()
      const seen = await there.observe(() => named(there).getOrSet([id], () => 'found'))
      expect(seen).toMatchObject({ value: nothing, outcome: 'hit', tier: 'l2' })
    }
    expect(there.stats().hitsNegative).toBe(2)
  })
})

describe('C9: what comes from Redis belongs to its caller as much as what comes from memory', () => {
  test('plain data is frozen, anything else is a copy', async () => {
    const [here, there] = await twoNodes({})
    await named(here).getOrSet([1], () => ({ list: [1] }))
    await named(here).getOrSet([2], () => new Map([['a', 1]]))
    await here.drain()
    const plain = (await named(there).getOrSet([1], () => 0)) as { list: number[] }
    expect(() => plain.list.push(2)).toThrow(TypeError)
    const map = (await named(there).getOrSet([2], () => 0)) as Map<string, number>
    map.set('a', 666)
    expect(await named(there).getOrSet([2], () => 0)).toEqual(new Map([['a', 1]]))
  })
})

describe('C9: what could not come back equal', () => {
  test('is stored in neither tier, and frees its lease', async () => {
    const [here, there] = await twoNodes({})
    const refused: string[] = []
    here.on('value-refused', ({ path }) => refused.push(path))
    const value = { f: () => 1 }
    expect(await named(here).getOrSet([1], () => value)).toBe(value)
    expect(refused).toEqual(['.f'])
    await until(async () => (await stage.redis.command('EXISTS', named(here).keyOf([1]))) === 0)
    expect(await named(there).getOrSet([1], () => 'plain')).toBe('plain')
  })

  test('a class that the reader has not registered is a miss, not an error', async () => {
    const writer = await stage.node({ classes })
    const reader = await stage.node()
    await named(writer).getOrSet([1], () => new Money(5n, 'EUR'))
    await writer.drain()
    expect(await named(reader).getOrSet([1], () => 'loaded')).toBe('loaded')
  })
})
