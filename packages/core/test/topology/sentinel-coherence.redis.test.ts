import { setTimeout as wait } from 'node:timers/promises'
import { type RedisServer, type SentinelGroup, startSentinel } from '@granary/testing'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache, type RedisTierOptions } from '../../src/index.ts'
import { SILENT } from '../stage/log-recorder.ts'
import { type Member, useFleet } from '../stage/member.ts'
import { Oracle, ROW } from '../stage/oracle.ts'
import { until } from '../stage/redis-stage.ts'
import { watchInvalidations } from '../stage/watch-invalidations.ts'

const BOUND = 500
/** Long, because a machine that is busy must not make sentinels replace a master that lives: caches would stay with it for a while. */
const DOWN_AFTER = 1_500
let group: SentinelGroup
let namespaces = 0

beforeAll(async () => {
  group = await startSentinel({ replicas: 2, sentinels: 3, downAfter: DOWN_AFTER })
})
afterAll(() => group.stop())

const client = (): RedisTierOptions['client'] => ({ sentinels: group.addresses, name: group.name })

/** What befalls a master. */
const FATES = [
  ['killed', (master: RedisServer) => master.kill()],
  ['frozen', (master: RedisServer) => master.pause()],
] as const

/** The server that has the connections of a namespace. */
async function serverOf(namespace: string): Promise<RedisServer | undefined> {
  for (const server of group.servers.filter(({ responsive }) => responsive))
    if (String(await server.command('CLIENT', 'LIST')).includes(`name=granary:${namespace}:subscriber `)) return server
  return undefined
}

/** A master that was lost is a replica of the one that took over, and has caught up. */
async function bringBack(lost: RedisServer): Promise<void> {
  const { host, port } = await group.master()
  await (lost.running ? lost.resume() : lost.restart())
  await lost.command('REPLICAOF', host, port)
  await until(async () => String(await lost.command('INFO', 'replication')).includes('master_link_status:up'), 15_000)
}

describe("the guarantee with coherence 'tracking', while other programs write as well, under Sentinel", () => {
  /** Two caches of a namespace of their own, and another program that deletes their entries. */
  async function start() {
    const namespace = `tracked-${++namespaces}`
    const caches = Array.from({ length: 2 }, () =>
      createCache({
        namespace,
        logger: SILENT,
        maxStaleness: `${BOUND}ms`,
        coherence: 'tracking',
        redis: { client: client() },
      }),
    )
    const other = new Redis({
      sentinels: group.addresses,
      name: group.name,
      failoverDetector: true,
      maxRetriesPerRequest: 1,
      commandTimeout: 500,
    })
    other.on('error', () => {})
    onTestFinished(async () => {
      other.disconnect()
      await Promise.all(caches.map((cache) => cache.close()))
    })
    await Promise.all(caches.map((cache) => cache.ready()))
    const keyOf = (id: number) => `${namespace}:row:1:${id}`
    return { namespace, caches: caches as [Cache, Cache], keyOf, foreign: (id: number) => other.del(keyOf(id)) }
  }

  const isKept = async (cache: Cache, id: number) => {
    const rows = cache.define<[number], number>('row', ROW)
    await rows.getOrSet([id], () => 1)
    await cache.drain()
    return rows.peek([id]) !== undefined
  }

  test.each(FATES)(
    'a master that is %s takes memory along; the next one tells of every write, nobody is served what is too old or gets an error',
    async (_, strike) => {
      const { namespace, caches, keyOf, foreign } = await start()
      const [a] = caches
      const ids = Array.from({ length: 12 }, (__, id) => id)
      const quiet = 99
      await until(() => isKept(a, quiet))
      const rows = a.define<[number], number>('row', ROW)
      const keptWhenLost: unknown[] = []
      a.on('redis-lost', () => keptWhenLost.push(rows.peek([quiet])))
      const oracle = new Oracle({
        caches,
        ids,
        truth: new Map(ids.map((id) => [id, 0])),
        maxStaleness: BOUND,
        foreign,
      })
      const master = await group.master()
      oracle.start()
      await until(() => oracle.findings.hits > 20 && oracle.findings.foreign > 20, 15_000)
      await until(() => isKept(a, quiet))
      await strike(master)
      await until(() => caches.every((cache) => cache.health().redis === 'away'), 15_000)
      await until(() => caches.every((cache) => cache.health().redis === 'open'), 15_000)
      const { hits, foreign: written } = oracle.findings
      await until(() => oracle.findings.hits > hits + 20 && oracle.findings.foreign > written + 20, 15_000)
      expect(await oracle.stop()).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
      expect(new Set(keptWhenLost)).toEqual(new Set([undefined]))
      await until(() => isKept(a, quiet))
      const next = (await serverOf(namespace)) as RedisServer
      expect(next).not.toBe(master)
      await next.command('DEL', keyOf(quiet))
      await until(() => rows.peek([quiet]) === undefined)
      await bringBack(master)
    },
    60_000,
  )
})

describe("the guarantee, point 3, with coherence 'acknowledged', in processes of their own, under Sentinel", () => {
  const fleet = useFleet(client, 3, { coherence: 'acknowledged', maxStaleness: '1s' })

  test.each(FATES)(
    'a master that is %s: whoever begins to read after an invalidation has resolved never sees what was before it',
    async (_, strike) => {
      const [writer, ...readers] = fleet.members as [Member, ...Member[]]
      const master = await group.master()
      const lose = async () => {
        await wait(1_500)
        await strike(master)
        await group.settled()
      }
      const seen = await watchInvalidations(fleet, { writer, readers, ids: [1, 2, 3], ms: 7_500, meanwhile: lose })
      expect(seen.tooOld).toEqual([])
      expect(seen.delivered).toBeGreaterThan(3)
      expect(seen.fromMemory).toBeGreaterThan(3)
      expect(await group.master()).not.toBe(master)
      // The next one has taken over: an invalidation is in force again when it resolves.
      await until(async () => (await writer.delete(1)).delivered === true, 15_000)
      await bringBack(master)
    },
    60_000,
  )
})
