import { type RedisServer, startSentinel } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache } from '../../src/index.ts'
import { useCluster } from '../stage/cluster-stage.ts'
import { SILENT } from '../stage/log-recorder.ts'
import { ROW } from '../stage/oracle.ts'
import { until } from '../stage/redis-stage.ts'

type Read = (id: number) => Promise<{ value: string; tier: string }>

/** Reads a row, which the database says is `value`. */
function reader(cache: Cache, value: string): Read {
  const rows = cache.define<[number], string>('row', ROW)
  return async (id) => {
    const seen = await cache.observe(() => rows.getOrSet([id], () => value))
    return { value: seen.value, tier: String(seen.tier) }
  }
}

/** From now on nothing that a master acknowledges reaches its replicas, and they do not take it for dead before it is. */
async function cutOffFromReplicas(master: RedisServer): Promise<void> {
  await master.command('WAIT', 1, 2_000)
  await master.command('CONFIG', 'SET', 'requirepass', 'nobody-knows')
  await master.command('CLIENT', 'KILL', 'TYPE', 'replica')
}

/** The incarnation as a server has it; undefined while the cluster answers nothing because a part of it is gone. */
async function incarnationAt(server: RedisServer, clockKey: string): Promise<string | undefined> {
  const clock = await server.command('GET', clockKey).catch(() => undefined)
  return clock === undefined ? undefined : String(clock).split(':')[0]
}

describe('C3: a failover that lost acknowledged writes revives nothing', () => {
  const stage = useCluster({})
  const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`

  /** Stores rows, invalidates them on a master whose replica learns nothing of it, and kills that master. */
  async function loseInvalidations(
    victim: RedisServer,
    { ids, invalidate }: { ids: readonly number[]; invalidate: (cache: Cache, id: number) => Promise<unknown> },
  ): Promise<{ a: Cache; b: Cache; heir: RedisServer; lived: string | undefined }> {
    const [a, b] = [await stage.node(), await stage.node()]
    for (const id of ids) await reader(a, 'old')(id)
    await a.drain()
    for (const id of ids) expect(await reader(b, 'not asked')(id)).toEqual({ value: 'old', tier: 'l2' })
    const [own] = await stage.idsOn(victim, keyOf, 1)
    const [heir] = (await stage.cluster.replicasOf(keyOf(own as number))) as [RedisServer]
    const lived = await incarnationAt(await stage.home(), stage.clockKey)
    await cutOffFromReplicas(victim)
    for (const id of ids) expect(await invalidate(a, id)).toMatchObject({ delivered: true })
    await victim.kill()
    await stage.cluster.settled()
    expect(await stage.cluster.masters()).toContain(heir)
    return { a, b, heir, lived }
  }

  test('of the master of some frames: they are there again, nobody takes them, and a new incarnation begins', async () => {
    const victim = (await stage.others())[0] as RedisServer
    const ids = await stage.idsOn(victim, keyOf, 8)
    const { a, b, heir, lived } = await loseInvalidations(victim, {
      ids,
      invalidate: (cache, id) => cache.delete('row', [id]),
    })
    for (const id of ids) expect(await heir.command('STRLEN', keyOf(id))).toBeGreaterThan(48)
    for (const cache of [a, b]) for (const id of ids) expect((await reader(cache, 'new')(id)).value).toBe('new')
    await until(async () => {
      const now = await incarnationAt(await stage.home(), stage.clockKey)
      return now !== undefined && now !== lived
    }, 10_000)
    await stage.bringBack(victim)
  }, 30_000)

  test('of the master of the clock: frames of other masters know nothing of it, and are not believed either', async () => {
    const victim = await stage.home()
    const other = (await stage.others())[0] as RedisServer
    const ids = await stage.idsOn(other, keyOf, 8)
    const { a, b, heir, lived } = await loseInvalidations(victim, {
      ids,
      invalidate: (cache, id) => cache.invalidateTags([`row:${id}`]),
    })
    for (const id of ids) expect(await other.command('STRLEN', keyOf(id))).toBeGreaterThan(48)
    await until(() => [a, b].every((cache) => cache.health().redis === 'open'), 10_000)
    expect(await incarnationAt(heir, stage.clockKey)).not.toBe(lived)
    for (const cache of [a, b]) for (const id of ids) expect((await reader(cache, 'new')(id)).value).toBe('new')
  }, 30_000)
})

test('C3: the same under Sentinel', async () => {
  const group = await startSentinel({ replicas: 1, downAfter: 400 })
  onTestFinished(() => group.stop())
  const [master, heir] = group.servers as [RedisServer, RedisServer]
  const client = { sentinels: group.addresses, name: group.name }
  const caches = [0, 1].map(() => createCache({ namespace: 'lost', logger: SILENT, redis: { client } }))
  onTestFinished(async () => {
    await Promise.all(caches.map((cache) => cache.close()))
  })
  const [a, b] = caches as [Cache, Cache]
  await Promise.all([a.ready(), b.ready()])
  const ids = Array.from({ length: 10 }, (_, id) => id)
  for (const id of ids) await reader(a, 'old')(id)
  await a.drain()
  for (const id of ids) expect(await reader(b, 'not asked')(id)).toEqual({ value: 'old', tier: 'l2' })
  await cutOffFromReplicas(master)
  const before = await incarnationAt(master, '{lost}:clk')
  for (const id of ids) {
    const receipt = id % 2 === 0 ? await a.delete('row', [id]) : await a.invalidateTags([`row:${id}`])
    expect(receipt).toMatchObject({ delivered: true })
  }
  await master.kill()
  await group.settled()
  await until(() => [a, b].every((cache) => cache.health().redis === 'open'), 10_000)
  for (const id of ids) expect(await heir.command('EXISTS', `lost:row:1:${id}`)).toBe(1)
  expect(await incarnationAt(heir, '{lost}:clk')).not.toBe(before)
  for (const id of ids) expect((await reader(b, 'new')(id)).value).toBe('new')
}, 30_000)
