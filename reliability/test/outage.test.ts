import { setTimeout as wait } from 'node:timers/promises'
import { createCache } from '@granary/core'
import { startFaultProxy, startRedis } from '@granary/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WarningLog } from '../stage/log.ts'

const COUNT = 10_000
/** So many of them are stored and read; the others are invalidated all the same. */
const READ = 2_000
const POLICY = { ttl: '10m' } as const

let redis: Awaited<ReturnType<typeof startRedis>>

beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

describe('10,000 invalidations that Redis could not take', () => {
  test('are in force in the issuing process before Redis answers it again, and everywhere within one replay', async () => {
    const proxy = await startFaultProxy({ target: redis })
    const issuer = createCache({
      namespace: 'replay',
      redis: proxy.url,
      memory: { maxEntries: 20_000 },
      logger: new WarningLog(),
    })
    const other = createCache({
      namespace: 'replay',
      redis: redis.url,
      memory: { maxEntries: 20_000 },
      logger: new WarningLog(),
    })
    await Promise.all([issuer.ready(), other.ready()])
    const ids = Array.from({ length: COUNT }, (_, id) => [id] as const)
    const [mine, theirs] = [issuer, other].map((cache) => cache.define<readonly [number], string>('row', POLICY))
    if (mine === undefined || theirs === undefined) throw new Error('two caches, two names')
    const inParts = async (read: (part: typeof ids) => Promise<unknown>) => {
      for (let at = 0; at < READ; at += 200) {
        await read(ids.slice(at, at + 200))
        await issuer.drain()
      }
    }
    await inParts((part) => mine.getOrSetMany(part, async (missing) => missing.map(() => 'old')))
    let foundNothing = 0
    await inParts((part) =>
      theirs.getOrSetMany(part, async (missing) => {
        foundNothing += missing.length
        return missing.map(() => 'old')
      }),
    )
    expect(foundNothing).toBeLessThan(READ / 2)

    const away = await proxy.inject({ kind: 'refuse' })
    await until(() => issuer.health().redis === 'away')
    const receipts = await Promise.all(ids.map((id) => mine.delete(id)))
    expect(receipts.every((receipt) => !receipt.delivered && receipt.queued)).toBe(true)
    expect(issuer.inspect().queued).toBe(COUNT)

    const firstFromRedis: Promise<unknown>[] = []
    const readAll = () => mine.getOrSetMany(ids.slice(0, READ), async (missing) => missing.map(() => 'new'))
    const recovered = new Promise<{ downFor: number; replayed: number }>((resolve) => {
      issuer.on('redis-recovered', (event) => {
        firstFromRedis.push(readAll())
        resolve(event)
      })
    })
    await away.lift()
    const healedAt = performance.now()
    const { replayed } = await recovered
    const replayTook = performance.now() - healedAt
    const elsewhere = await theirs.getOrSetMany(ids.slice(0, READ), async (missing) => missing.map(() => 'new'))
    const inForceAfter = performance.now() - healedAt

    expect(replayed).toBe(COUNT)
    expect(issuer.inspect().queued).toBe(0)
    expect(new Set((await Promise.all(firstFromRedis)).flat())).toEqual(new Set(['new']))
    expect(elsewhere.filter((row) => row === 'old')).toHaveLength(0)
    expect(replayTook).toBeLessThan(3_000)
    expect(inForceAfter).toBeLessThan(6_000)
    process.stderr.write(
      `replay of ${COUNT}: open after ${Math.round(replayTook)} ms, read by the other process ${Math.round(inForceAfter)} ms\n`,
    )
    await Promise.all([issuer.close(), other.close()])
    await Promise.race([proxy.stop(), wait(2_000)])
  })
})

describe('close() during an outage', () => {
  test('while Redis hangs: every call is answered, both close() resolve, and calls afterwards go to their loaders', async () => {
    const proxy = await startFaultProxy({ target: redis })
    const cache = createCache({ namespace: 'closing', redis: proxy.url, logger: new WarningLog() })
    await cache.ready()
    await proxy.inject({ kind: 'hang' })
    const calls = Array.from({ length: 200 }, (_, id) => cache.getOrSet('row', [id], () => wait(5, id), POLICY))
    const delivered = cache.whenDelivered()
    await Promise.all([cache.close(), cache.close()])
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 200 }, (_, id) => id))
    expect(await cache.getOrSet('row', [1], () => 'from the loader', POLICY)).toBe('from the loader')
    await delivered
    expect(cache.inspect()).toMatchObject({ flights: 0, background: 0 })
    await Promise.race([proxy.stop(), wait(2_000)])
  })

  test('with invalidations still queued: whoever waits for their delivery is told', async () => {
    const proxy = await startFaultProxy({ target: redis })
    const cache = createCache({ namespace: 'closing-queued', redis: proxy.url, logger: new WarningLog() })
    await cache.ready()
    await proxy.inject({ kind: 'refuse' })
    await until(() => cache.health().redis === 'away')
    expect(await cache.delete('row', [1])).toEqual({ delivered: false, queued: true })
    const waiting = expect(cache.whenDelivered()).rejects.toMatchObject({ code: 'CACHE_CLOSED' })
    await cache.close()
    await waiting
    await Promise.race([proxy.stop(), wait(2_000)])
  })
})

describe('a Redis that must be there', () => {
  test.for([
    ['refuses', { kind: 'refuse' }],
    ['hangs', { kind: 'hang' }],
  ] as const)(
    'required: true fails at the start when Redis %s; without it the cache degrades, and says so',
    async ([, plan]) => {
      const proxy = await startFaultProxy({ target: redis })
      await proxy.inject(plan)
      const log = new WarningLog()
      const strict = createCache({ redis: { client: proxy.url, required: true }, logger: new WarningLog() })
      const lenient = createCache({ redis: proxy.url, logger: log })
      await expect(strict.ready()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' })
      await lenient.ready()
      expect(lenient.health()).toMatchObject({ status: 'degraded', redis: 'away' })
      expect(lenient.health().since).toBeGreaterThan(Date.now() - 60_000)
      expect(lenient.stats()).toMatchObject({ redisAvailable: false, degraded: { reason: lenient.health().reason } })
      expect([...log.lines.keys()].filter((line) => line.startsWith('granary: redis lost'))).toHaveLength(1)
      await Promise.all([strict.close(), lenient.close()])
      await Promise.race([proxy.stop(), wait(2_000)])
    },
  )
})

async function until(fact: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + 5_000
  while (!fact()) {
    if (performance.now() > giveUpAt) throw new Error(`Still not so: ${fact}`)
    await wait(2)
  }
}
