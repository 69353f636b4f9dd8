import { setTimeout as wait } from 'node:timers/promises'
import type { RedisServer } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import type { Cache, CacheEvent, Coherence } from '../../src/index.ts'
import { useCluster } from '../stage/cluster-stage.ts'
import { Oracle, ROW } from '../stage/oracle.ts'
import { until } from '../stage/redis-stage.ts'

// By default a cluster that has lost a master refuses every command until another has taken over.
const stage = useCluster({ args: ['--cluster-require-full-coverage', 'no'] })
const BOUND = 500
const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`
const rowsOf = (cache: Cache) => cache.define<[number], number>('row', ROW)

/** What a cache tells of the masters, in order, without repetitions. */
function told(cache: Cache): CacheEvent['type'][] {
  const events: CacheEvent['type'][] = []
  for (const type of ['shard-lost', 'shards-recovered', 'redis-lost', 'redis-recovered'] as const)
    cache.on(type, () => {
      if (events.at(-1) !== type) events.push(type)
    })
  return events
}

/** Two caches under traffic over rows of every master. */
async function traffic({
  coherence = 'bus' as Coherence,
} = {}): Promise<{ oracle: Oracle; a: Cache; b: Cache; idsOf: (at: RedisServer) => number[] }> {
  const options = { maxStaleness: '500ms', coherence } as const
  const [a, b] = [await stage.node(options), await stage.node(options)]
  const masters = await stage.cluster.masters()
  const byMaster = new Map<RedisServer, number[]>()
  for (const master of masters) byMaster.set(master, await stage.idsOn(master, keyOf, 5))
  const ids = [...byMaster.values()].flat()
  const truth = new Map(ids.map((id) => [id, 0]))
  const client = coherence === 'tracking' ? stage.otherProgram() : undefined
  const foreign = client === undefined ? {} : { foreign: (id: number) => client.del(keyOf(id)) }
  const oracle = new Oracle({ caches: [a, b], ids, truth, maxStaleness: BOUND, ...foreign })
  return { oracle, a, b, idsOf: (at) => byMaster.get(at) ?? [] }
}

describe('C14: a master killed under load costs no stale read and no error to a caller', () => {
  test('one of those that keep frames: its keys go to the loader, the others stay in use', async () => {
    const { oracle, a, b, idsOf } = await traffic()
    const [victim, other] = (await stage.others()) as [RedisServer, RedisServer]
    const events = told(a)
    oracle.start()
    await wait(300)
    await victim.kill()
    await until(() => events.includes('shard-lost'))
    const id = idsOf(other)[0] as number
    await until(async () => {
      const { tier } = await a.observe(() => rowsOf(a).getOrSet([id], () => 1_000_000))
      return tier === 'l2' || tier === 'l1'
    })
    await wait(500)
    expect([a.health().redis, b.health().redis]).toEqual(['open', 'open'])
    expect(events).toEqual(['shard-lost'])
    await stage.cluster.settled()
    await until(() => events.includes('shards-recovered'), 10_000)
    await wait(300)
    const found = await oracle.stop()
    expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
    expect(found.slowest).toBeLessThan(1_000)
    expect(found.hits).toBeGreaterThan(100)
    await stage.bringBack(victim)
  }, 60_000)

  test('the one that keeps the clock: everything goes to the loader until another has taken over', async () => {
    const { oracle, a, b } = await traffic()
    const victim = await stage.home()
    const events = told(b)
    oracle.start()
    await wait(300)
    await victim.kill()
    await until(() => events.includes('redis-lost'))
    await stage.cluster.settled()
    await until(() => [a, b].every((cache) => cache.health().redis === 'open'), 10_000)
    await wait(300)
    const found = await oracle.stop()
    expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
    expect(found.slowest).toBeLessThan(1_000)
    await stage.bringBack(victim)
  }, 60_000)
})

describe("C14: with coherence 'tracking', while other programs write as well", () => {
  test.each([
    ['keeps frames', 'killed', async () => (await stage.others())[0] as RedisServer],
    ['keeps frames', 'frozen', async () => (await stage.others())[0] as RedisServer],
    ['keeps the clock', 'killed', () => stage.home()],
  ] as const)(
    'a master that %s is %s: nothing is served that was written longer ago than maxStaleness, nobody gets an error',
    async (_, fate, choose) => {
      const { oracle, a, b } = await traffic({ coherence: 'tracking' })
      const victim = await choose()
      oracle.start()
      await wait(400)
      const before = oracle.findings
      await (fate === 'killed' ? victim.kill() : victim.pause())
      await until(async () => !(await stage.cluster.masters()).includes(victim), 15_000)
      await stage.cluster.settled()
      await until(() => [a, b].every((cache) => cache.health().redis === 'open'), 10_000)
      await until(() => oracle.findings.foreign > before.foreign + 20, 15_000)
      await until(() => oracle.findings.hits > before.hits + 20, 15_000)
      const found = await oracle.stop()
      expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
      expect(found.slowest).toBeLessThan(2_000)
      if (fate === 'killed') await stage.bringBack(victim)
      else await victim.resume()
    },
    60_000,
  )
})

describe('C14: a master that is frozen', () => {
  test.each([
    ['keeps frames', async () => (await stage.others())[0] as RedisServer],
    ['keeps the clock', () => stage.home()],
  ])(
    'one that %s is left after two missed deadlines; nothing stale is served, nor when it wakes',
    async (_, choose) => {
      const { oracle, a, b } = await traffic()
      const victim = await choose()
      const isBack = () => [a, b].every((cache) => cache.health().redis === 'open')
      const events = told(a)
      oracle.start()
      await wait(300)
      await victim.pause()
      const frozenAt = performance.now()
      await until(() => events.includes('shard-lost') || events.includes('redis-lost'), 5_000)
      await until(async () => !(await stage.cluster.masters()).includes(victim) && isBack(), 15_000)
      await until(() => !events.includes('shard-lost') || events.includes('shards-recovered'), 15_000)
      expect(performance.now() - frozenAt).toBeLessThan(8_000)
      await wait(200)
      const { stale, errors, slowest } = { ...oracle.findings, stale: [...oracle.findings.stale] }
      expect({ stale, errors }).toEqual({ stale: [], errors: [] })
      expect(slowest).toBeLessThan(1_000)
      // From here on it is deposed and awake: outside the promises for whoever still talks to it, and counted apart.
      await victim.resume()
      await until(async () => (await stage.cluster.replicas()).includes(victim), 15_000)
      await wait(200)
      const found = await oracle.stop()
      const afterWaking = found.stale.length
      expect({ afterWaking, errors: found.errors, queuedAtEnd: found.queuedAtEnd }).toEqual({
        afterWaking: 0, // these caches left it long before
        errors: [],
        queuedAtEnd: 0,
      })
      await until(async () => String(await victim.command('INFO', 'replication')).includes('status:up'), 15_000)
    },
    60_000,
  )
})
