import { setTimeout as wait } from 'node:timers/promises'
import { type RedisServer, type SentinelGroup, startSentinel } from '@granary/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache, type RedisTierOptions } from '../../src/index.ts'
import { SILENT } from '../stage/log-recorder.ts'
import { Oracle, ROW } from '../stage/oracle.ts'
import { until } from '../stage/redis-stage.ts'

const BOUND = 500
let group: SentinelGroup
let namespaces = 0

beforeAll(async () => {
  group = await startSentinel({ replicas: 2, sentinels: 3, downAfter: 500, password: 'secret' })
})
afterAll(() => group.stop())

const settings = () => ({ sentinels: group.addresses, name: group.name, password: 'secret' })

async function nodes(count: number, client: () => RedisTierOptions['client'] = settings): Promise<Cache[]> {
  const namespace = `test-${++namespaces}`
  const caches = Array.from({ length: count }, () =>
    createCache({ namespace, logger: SILENT, maxStaleness: '500ms', redis: { client: client() } }),
  )
  onTestFinished(async () => {
    await Promise.all(caches.map((cache) => cache.close()))
  })
  await Promise.all(caches.map((cache) => cache.ready()))
  return caches
}

describe('C14: Sentinel', () => {
  test('names the master: what one process stored is a hit in another, and replicas are never asked', async () => {
    const [a, b] = (await nodes(2)) as [Cache, Cache]
    const [first, second] = [a, b].map((cache) => cache.define<[number], string>('row', ROW))
    await first?.getOrSet([1], () => 'row')
    await a.drain()
    const replicas = await group.replicas()
    const monitors = await Promise.all(replicas.map((replica) => replica.monitor()))
    expect(await second?.getOrSet([1], () => 'not asked')).toBe('row')
    const asked = (await Promise.all(monitors.map((monitor) => monitor.commands()))).flat()
    for (const monitor of monitors) monitor.stop()
    expect(replicas.length).toBe(2)
    expect(asked.filter(({ name }) => name === 'MGET')).toEqual([])
  })

  test("a client of the user's own is duplicated and left as it is", async () => {
    const client = new Redis({ ...settings(), lazyConnect: true })
    onTestFinished(() => client.disconnect())
    await client.connect()
    const before = JSON.stringify(client.options)
    const cache = createCache({ namespace: 'own', logger: SILENT, redis: client as never })
    onTestFinished(() => cache.close())
    await cache.ready()
    expect(cache.health().redis).toBe('open')
    expect(JSON.stringify(client.options)).toBe(before)
    expect(client.status).toBe('ready')
  })
})

describe('C14: a master that fails under Sentinel costs no stale read and no error to a caller', () => {
  test.each([
    ['killed', (master: RedisServer) => master.kill(), async () => {}],
    [
      'frozen, and with it the sentinel that is asked first',
      async (master: RedisServer) => {
        await Promise.all([master.pause(), group.sentinels[0]?.pause()])
      },
      async () => group.sentinels[0]?.resume(),
    ],
  ])(
    '%s',
    async (_, fail, heal) => {
      const caches = await nodes(2)
      const ids = Array.from({ length: 12 }, (__, id) => id)
      const oracle = new Oracle({ caches, ids, truth: new Map(ids.map((id) => [id, 0])), maxStaleness: BOUND })
      const master = await group.master()
      oracle.start()
      await wait(300)
      await fail(master)
      const failedAt = performance.now()
      await until(() => caches.every((cache) => cache.health().redis === 'away'))
      await until(() => caches.every((cache) => cache.health().redis === 'open'), 15_000)
      const tookOver = performance.now() - failedAt
      await wait(300)
      const found = await oracle.stop()
      expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
      expect(found.slowest).toBeLessThan(1_000)
      expect(tookOver).toBeLessThan(10_000)
      await heal()
    },
    40_000,
  )
})
