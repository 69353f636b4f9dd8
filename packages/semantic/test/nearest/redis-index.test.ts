import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@granary/core'
import { type RedisServer, startFaultProxy, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type NewIndexEntry, type RedisIndexOptions, redisIndex, type VectorIndex } from '../../src/index.ts'
import { vectorIndexContract } from '../contracts/vector-index.ts'
import { around, randomUnit } from './vectors.ts'

const LONG = 60_000

let redis: RedisServer
let spaces = 0

beforeAll(async () => {
  redis = await startRedis()
})

afterAll(() => redis.stop())

const freshNamespace = () => `test${spaces++}`

/** The index of one process; closed when the test ends. */
function open(
  namespace = freshNamespace(),
  { url = redis.url, ...options }: Partial<RedisIndexOptions> & { url?: string } = {},
): VectorIndex {
  const cache = createCache({ namespace, redis: url, logger: SILENT })
  const index = redisIndex({ redis: cache.redis, namespace, ...options })
  onTestFinished(async () => {
    await index.close()
    await cache.close()
  })
  return index
}

const quiet = () => {}
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet }

function entry(id: string, vector: Float32Array, tags: readonly string[] = []): NewIndexEntry {
  return { id, text: `text of ${id}`, answer: `answer of ${id}`, tags, vector }
}

const idsOf = (found: readonly { id: string }[]) => found.map(({ id }) => id)

describe('the index of one process on Redis', () => {
  vectorIndexContract(() => ({ index: open(), settle: async () => {}, pass: wait, close: async () => {} }))

  test('reads nothing but the nearest entries: one round trip, whatever the size of the scope', async () => {
    const namespace = freshNamespace()
    const proxy = await startFaultProxy({ target: redis })
    onTestFinished(() => proxy.stop())
    const [far, near] = [open(namespace), open(namespace, { url: proxy.url })]
    for (let at = 0; at < 300; at++) await far.add('scope', entry(`e${at}`, randomUnit(64, at)), LONG)
    await near.search('scope', randomUnit(64, 1), 5)
    // The mean is made in the background, once.
    await expect.poll(() => hasMean(namespace)).toBe(true)
    await near.search('scope', randomUnit(64, 1), 5)
    proxy.forget()
    expect(idsOf(await near.search('scope', randomUnit(64, 7), 1))).toEqual(['e7'])
    expect(proxy.roundTrips()).toBe(1)
  })

  test('takes bytes that are no entry for none, and goes on', async () => {
    const namespace = freshNamespace()
    const index = open(namespace)
    const vectors = Array.from({ length: 8 }, (_, at) => randomUnit(64, at))
    for (const [at, vector] of vectors.entries()) await index.add('scope', entry(`e${at}`, vector), LONG)
    const [key] = (await redis.command('KEYS', `${namespace}:{*}:e`)) as string[]
    const hostile = [
      '',
      'x',
      '\u0001\u0000@\u0000',
      `${'\u0001\u0000@\u0000\u0000\u0000\u0000\u0000'}${'0'.repeat(64)}[1,2]`,
      'x'.repeat(400_000),
    ]
    for (const [slot, bytes] of hostile.entries()) await redis.command('HSET', key as string, String(slot), bytes)
    expect(idsOf(await index.search('scope', vectors[7] as Float32Array, 20)).sort()).toEqual(['e5', 'e6', 'e7'])
  })

  test.each(['m', 'c', 'l', 'e', 'a', 'i', 'x', 'f'])(
    'survives the loss of its key %s: entries at most are missing',
    async (part) => {
      const namespace = freshNamespace()
      const [index, other] = [open(namespace), open(namespace)]
      const vectors = Array.from({ length: 30 }, (_, at) => randomUnit(64, at))
      for (const [at, vector] of vectors.entries()) await index.add('scope', entry(`e${at}`, vector), LONG)
      await index.delete('scope', 'e3')
      await other.search('scope', vectors[0] as Float32Array, 5)
      const [key] = (await redis.command('KEYS', `${namespace}:{*}:${part}`)) as string[]
      await redis.command('DEL', key as string)
      for (const each of [index, other]) {
        const found = await each.search('scope', vectors[4] as Float32Array, 1)
        expect(found.every(({ id, similarity }) => id !== 'e4' || similarity > 0.99)).toBe(true)
        expect(idsOf(found)).not.toContain('e3')
      }
      await index.add('scope', entry('new', vectors[3] as Float32Array), LONG)
      expect(idsOf(await other.search('scope', vectors[3] as Float32Array, 1))).toEqual(['new'])
    },
  )

  test('keeps to its bound: what ends first goes', async () => {
    const index = open(freshNamespace(), { maxEntries: 3 })
    for (const [at, ttl] of [50_000, 20_000, 40_000, 30_000].entries())
      await index.add('scope', entry(`e${at}`, randomUnit(64, at)), ttl)
    expect(idsOf(await index.search('scope', randomUnit(64, 0), 10)).sort()).toEqual(['e0', 'e2', 'e3'])
  })

  test('leaves nothing behind in Redis when its entries have ended', async () => {
    const namespace = freshNamespace()
    const index = open(namespace)
    await index.add('scope', entry('a', randomUnit(64, 1), ['tag']), 150)
    await wait(300)
    expect(await redis.command('KEYS', `${namespace}:*`)).toEqual([])
    expect(await index.search('scope', randomUnit(64, 1), 5)).toEqual([])
  })

  test('forgets mirrors past its bound, and reads them again', async () => {
    const index = open(freshNamespace(), { maxMirrorBytes: 1_500 })
    for (let scope = 0; scope < 5; scope++) {
      for (let at = 0; at < 20; at++) await index.add(`s${scope}`, entry(`e${scope}-${at}`, randomUnit(64, at)), LONG)
    }
    for (let scope = 0; scope < 5; scope++)
      expect(idsOf(await index.search(`s${scope}`, randomUnit(64, 9), 1))).toEqual([`e${scope}-9`])
  })

  test('finds at least 99 % of the neighbours of a cosine of 0.85 and more, among vectors that share a direction', async () => {
    const index = open()
    const clusters = 150
    const vectors = Array.from({ length: 1_500 }, (_, at) => around(randomUnit(256, at % clusters), 0.25, 10_000 + at))
    for (const [at, vector] of vectors.entries()) await index.add('scope', entry(`e${at}`, vector), LONG)
    await index.search('scope', vectors[0] as Float32Array, 1)
    await wait(200)
    let wanted = 0
    let found = 0
    for (let query = 0; query < 200; query++) {
      const vector = around(randomUnit(256, query % clusters), 0.25, 50_000 + query)
      const near = vectors.map((each, at) => ({ id: `e${at}`, cosine: cosine(vector, each) }))
      const best = near.reduce((a, b) => (b.cosine > a.cosine ? b : a))
      if (best.cosine < 0.85) continue
      wanted += 1
      const [first] = await index.search('scope', vector, 20)
      if (first?.id === best.id || (first?.similarity ?? 0) > best.cosine - 0.005) found += 1
    }
    expect(wanted).toBeGreaterThan(100)
    expect(found / wanted).toBeGreaterThanOrEqual(0.99)
  })
})

describe('the indexes of several processes', () => {
  test('know at the next search what another has added, replaced or deleted', async () => {
    const namespace = freshNamespace()
    const [one, two] = [open(namespace), open(namespace)]
    const vector = randomUnit(64, 1)
    expect(await two.search('scope', vector, 5)).toEqual([])
    await one.add('scope', entry('a', vector), LONG)
    expect(idsOf(await two.search('scope', vector, 5))).toEqual(['a'])
    await one.add('scope', entry('b', around(vector, 0.3, 2)), LONG)
    expect(idsOf(await two.search('scope', vector, 5))).toEqual(['a', 'b'])
    await two.delete('scope', 'a')
    expect(idsOf(await one.search('scope', vector, 5))).toEqual(['b'])
    await one.add('scope', { ...entry('b', vector), text: 'newer' }, LONG)
    expect((await two.search('scope', vector, 5)).map(({ text }) => text)).toEqual(['newer'])
  })

  test('agree on the mean, whoever makes it, and find everything before and after', async () => {
    const namespace = freshNamespace()
    const processes = [open(namespace), open(namespace), open(namespace)]
    const vectors = Array.from({ length: 600 }, (_, at) => randomUnit(64, at))
    for (const [at, vector] of vectors.entries()) {
      const process = processes[at % processes.length] as VectorIndex
      await process.add('scope', entry(`e${at}`, vector), LONG)
      if (at % 20 === 0) expect(idsOf(await process.search('scope', vector, 1))).toEqual([`e${at}`])
    }
    await wait(100)
    for (const process of processes) {
      for (let at = 0; at < 600; at += 37)
        expect(idsOf(await process.search('scope', vectors[at] as Float32Array, 1))).toEqual([`e${at}`])
    }
    expect(await hasMean(namespace)).toBe(true)
  })
})

describe('when Redis', () => {
  test('is frozen, a search ends with its signal, and the index is back soon after', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const index = open(freshNamespace(), { url: server.url })
    const vector = randomUnit(64, 1)
    await index.add('scope', entry('a', vector), LONG)
    await server.pause()
    for (let call = 0; call < 3; call++)
      await expect(index.search('scope', vector, 1, AbortSignal.timeout(30))).rejects.toThrow()
    await server.resume()
    await expect.poll(async () => idsOf(await index.search('scope', vector, 1).catch(() => []))).toEqual(['a'])
  })

  test('is killed and comes back empty, the index answers with nothing and learns again', async () => {
    const server = await startRedis()
    onTestFinished(() => server.stop())
    const index = open(freshNamespace(), { url: server.url })
    const vector = randomUnit(64, 1)
    await index.add('scope', entry('a', vector), LONG)
    await server.kill()
    await expect(index.search('scope', vector, 1)).rejects.toThrow()
    await server.restart()
    await expect.poll(async () => index.search('scope', vector, 1).catch(() => 'away')).toEqual([])
    await index.add('scope', entry('b', vector), LONG)
    expect(idsOf(await index.search('scope', vector, 1))).toEqual(['b'])
  })

  test('forgets its scripts, they are sent again', async () => {
    const index = open()
    const vector = randomUnit(64, 1)
    await index.add('scope', entry('a', vector), LONG)
    await redis.command('SCRIPT', 'FLUSH')
    expect(idsOf(await index.search('scope', vector, 1))).toEqual(['a'])
  })
})

test.each([
  [{ redis: undefined }, /redis: undefined is not allowed/],
  [{ maxEntries: 0 }, /maxEntries: 0 is not allowed; it is a whole number from 1 to 1,000,000/],
  [{ maxMirrorBytes: 1.5 }, /maxMirrorBytes: 1.5 is not allowed/],
  [{ namespace: 'a{b' }, /namespace: 'a{b' is not allowed/],
])('%o is refused', (options, message) => {
  const usable = { duplicate: async () => undefined }
  expect(() => redisIndex({ redis: usable as never, ...options } as never)).toThrow(message)
})

/** Whether the namespace's only scope has grown out of being small. */
async function hasMean(namespace: string): Promise<boolean> {
  const [key] = (await redis.command('KEYS', `${namespace}:{*}:m`)) as string[]
  return String(await redis.command('HGET', key as string, 'mean')) === '1'
}

function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}
