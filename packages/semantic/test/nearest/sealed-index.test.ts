import { randomBytes } from 'node:crypto'
import { type CacheOptions, createCache, InvalidOption } from '@granary/core'
import { InvalidSealingKey, digestText as scopeDigest } from '@granary/serialization'
import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type NewIndexEntry, type RedisIndexOptions, redisIndex, type VectorIndex } from '../../src/index.ts'
import { vectorIndexContract } from '../contracts/vector-index.ts'
import { randomUnit } from './vectors.ts'

const LONG = 60_000
const OLD = { id: 'old', key: randomBytes(32) }
const NEXT = { id: 'next', key: randomBytes(32) }

let redis: RedisServer
let spaces = 0

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.stop())

const freshNamespace = () => `sealed${spaces++}`

/** The index of one process, over a cache with these keys; closed when the test ends. */
function open(namespace: string, keys: readonly (typeof OLD)[], options: Partial<RedisIndexOptions> = {}): VectorIndex {
  const encrypt: Pick<CacheOptions, 'encrypt'> = keys.length === 0 ? {} : { encrypt: { keys } }
  const cache = createCache({ namespace, redis: redis.url, ...encrypt })
  const index = redisIndex({ redis: cache.redis, namespace, ...options })
  onTestFinished(async () => {
    await index.close()
    await cache.close()
  })
  return index
}

function entry(id: string, seed: number): NewIndexEntry {
  return { id, text: `a secret question, ${id}`, answer: id, tags: ['chat:ada'], vector: randomUnit(64, seed) }
}

const found = async (index: VectorIndex, seed: number, scope = 'scope') =>
  (await index.search(scope, randomUnit(64, seed), 3)).map(({ id, text }) => [id, text])

/** All that Redis holds of a namespace. */
async function dump(namespace: string): Promise<string> {
  const keys = (await redis.command('KEYS', `${namespace}:*`)) as string[]
  const parts = await Promise.all(
    keys.map(async (key) => {
      const type = String(await redis.command('TYPE', key))
      if (type === 'hash') return redis.command('HGETALL', key)
      if (type === 'string') return redis.command('GET', key)
      if (type === 'zset') return redis.command('ZRANGE', key, '0', '-1')
      return redis.command('LRANGE', key, '0', '-1')
    }),
  )
  return JSON.stringify([keys, parts])
}

describe('an index whose entries are sealed', () => {
  vectorIndexContract(() => ({
    index: open(freshNamespace(), [OLD]),
    settle: async () => {},
    pass: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    close: async () => {},
  }))
})

test('where the cache has keys nothing of a text or a tag can be read in Redis; without keys it can', async () => {
  const [sealed, plain, chosen] = [freshNamespace(), freshNamespace(), freshNamespace()]
  await open(sealed, [OLD]).add('scope', entry('e1', 1), LONG)
  await open(plain, []).add('scope', entry('e1', 1), LONG)
  await open(chosen, [OLD], { encrypt: false }).add('scope', entry('e1', 1), LONG)
  expect(await dump(sealed)).not.toMatch(/secret|chat:ada/)
  expect(await dump(plain)).toMatch(/secret/)
  expect(await dump(chosen)).toMatch(/secret/)
  expect(await found(open(sealed, [OLD]), 1)).toEqual([['e1', 'a secret question, e1']])
})

test('keys are rotated as those of the cache: the new one reads what the old one sealed, as long as both are known', async () => {
  const namespace = freshNamespace()
  const before = open(namespace, [OLD])
  await before.add('scope', entry('e1', 1), LONG)
  const during = open(namespace, [NEXT, OLD])
  await during.add('scope', entry('e2', 2), LONG)
  expect((await found(during, 1)).map(([id]) => id).sort()).toEqual(['e1', 'e2'])
  expect((await found(before, 1)).map(([id]) => id)).toEqual(['e1'])
  expect((await found(open(namespace, [NEXT]), 2)).map(([id]) => id)).toEqual(['e2'])
})

test('an entry that was moved to another scope, changed, or slipped in unsealed is none', async () => {
  const namespace = freshNamespace()
  const index = open(namespace, [OLD])
  await index.add('one', entry('e1', 1), LONG)
  await index.add('two', entry('e2', 2), LONG)
  await index.add('three', entry('e3', 3), LONG)
  await open(namespace, [OLD], { encrypt: false }).add('four', entry('e4', 4), LONG)
  const reader = open(namespace, [OLD])
  const keyed = new Map<string, string>()
  for (const key of (await redis.command('KEYS', `${namespace}:{*}:e`)) as string[])
    for (const scope of ['one', 'two', 'three']) if (key.includes(scopeDigest(scope))) keyed.set(scope, key)
  const [one, two, three] = ['one', 'two', 'three'].map((scope) => keyed.get(scope) as string) as [
    string,
    string,
    string,
  ]
  const copy = "redis.call('HSET', KEYS[2], 0, redis.call('HGET', KEYS[1], 0))"
  await redis.command('EVAL', copy, '2', one, two)
  const flip =
    "local b = redis.call('HGET', KEYS[1], 0) redis.call('HSET', KEYS[1], 0, string.sub(b, 1, -2) .. string.char((string.byte(b, -1) + 1) % 256))"
  await redis.command('EVAL', flip, '1', three)
  expect(await found(reader, 1, 'one')).toHaveLength(1)
  expect(await found(reader, 1, 'two')).toEqual([])
  expect(await found(reader, 3, 'three')).toEqual([])
  expect(await found(reader, 4, 'four')).toEqual([])
})

test('a scope that has grown out of being small keeps its mean sealed, and is searched as before', async () => {
  const namespace = freshNamespace()
  const index = open(namespace, [OLD])
  for (let at = 0; at < 300; at++) await index.add('scope', entry(`e${at}`, at), LONG)
  await index.search('scope', randomUnit(64, 1), 1)
  await expect
    .poll(async () => ((await redis.command('KEYS', `${namespace}:{*}:v`)) as string[]).length, { timeout: 20_000 })
    .toBe(1)
  const [key] = (await redis.command('KEYS', `${namespace}:{*}:v`)) as [string]
  expect(await redis.command('STRLEN', key)).toBeGreaterThan(64 * 4)
  expect((await open(namespace, [OLD]).search('scope', randomUnit(64, 7), 1))[0]?.id).toBe('e7')
})

test('keys that are none are refused', () => {
  const make = (encrypt: unknown) => () => open(freshNamespace(), [], { encrypt } as Partial<RedisIndexOptions>)
  expect(make({ keys: [{ id: 'short', key: 'x' }] })).toThrow(InvalidSealingKey)
  expect(make({ keys: [] })).toThrow(InvalidSealingKey)
  expect(make('secret')).toThrow(InvalidOption)
})
