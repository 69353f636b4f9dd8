import { setTimeout as wait } from 'node:timers/promises'
import type { RedisServer } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { slotOf } from '../../src/redis/cluster/slot.ts'
import { moveSlot, useCluster } from '../stage/cluster-stage.ts'
import { type Member, useFleet } from '../stage/member.ts'
import { ROW } from '../stage/oracle.ts'
import { timed, until } from '../stage/redis-stage.ts'
import { watchInvalidations } from '../stage/watch-invalidations.ts'

const stage = useCluster({ nodeTimeout: 1_000, args: ['--cluster-require-full-coverage', 'no'] })
const ACKNOWLEDGED = { coherence: 'acknowledged', maxStaleness: '1s' } as const
type Sent = { sent(command: string): boolean }
const subscriber = (connection: Sent) => connection.sent('SUBSCRIBE')

const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', ROW)

/** Memory serves these rows. */
async function keep(cache: Cache, ids: readonly number[]): Promise<void> {
  await until(async () => {
    for (const id of ids) await rowsOf(cache).getOrSet([id], () => 'old')
    await cache.drain()
    return ids.every((id) => rowsOf(cache).peek([id]) !== undefined)
  })
}

/** The first lease time after a namespace has begun is over. */
async function graceOver(cache: Cache): Promise<void> {
  await until(async () => (await timed(() => rowsOf(cache).delete([999]))) < 100)
}

/** One row of each master. */
async function oneOfEach(keys = keyOf): Promise<number[]> {
  const masters = [await stage.home(), ...(await stage.others())]
  return (await Promise.all(masters.map((master) => stage.idsOn(master, keys, 1)))).flat()
}

describe("the guarantee, point 3, with coherence 'acknowledged' in a cluster", () => {
  test.each([
    ['an entry', (cache: Cache, id: number) => rowsOf(cache).delete([id])],
    ['a tag', (cache: Cache, id: number) => cache.invalidateTags([`row:${id}`])],
    ['a name', (cache: Cache) => cache.clear('row')],
    ['the namespace', (cache: Cache) => cache.clear()],
    ['a set', (cache: Cache, id: number) => rowsOf(cache).set([id], 'new')],
    ['a write-through', (cache: Cache, id: number) => rowsOf(cache).put([id], () => 'new')],
  ] as readonly (readonly [string, (cache: Cache, id: number) => Promise<unknown>])[])(
    'no memory anywhere has it when the invalidation of %s has resolved, whichever master has the frame',
    async (_, invalidate) => {
      const nodes = await Promise.all([1, 2, 3].map(() => stage.node({ ...ACKNOWLEDGED, maxStaleness: '500ms' })))
      const [writer, ...others] = nodes as [Cache, ...Cache[]]
      const ids = await oneOfEach()
      for (let round = 0; round < 2; round++)
        for (const id of ids) {
          for (const node of nodes) await keep(node, [id])
          await invalidate(writer, id)
          for (const node of others) expect(rowsOf(node).peek([id])).not.toBe('old')
          await rowsOf(writer).delete([id])
        }
    },
  )

  test('a process whose bus is silent is waited for until its lease is over', async () => {
    const { cache: silent, proxyOf } = await stage.proxied(ACKNOWLEDGED)
    const writer = await stage.node(ACKNOWLEDGED)
    const ids = await oneOfEach()
    await graceOver(writer)
    await keep(silent, ids)
    await proxyOf(await stage.home()).inject({ kind: 'hang', direction: 'down', connections: subscriber })
    const took = await timed(() => rowsOf(writer).delete([ids[1] as number]))
    for (const id of ids) expect(rowsOf(silent).peek([id])).toBeUndefined()
    expect(took).toBeGreaterThan(300)
    expect(took).toBeLessThan(1_000 + 1_000)
    await proxyOf(await stage.home()).heal()
    await until(() => silent.health().redis === 'open')
  })

  test('what one master did not take is queued, and not claimed to be in force; its acknowledgement comes with its redelivery', async () => {
    const { cache, proxyOf } = await stage.proxied(ACKNOWLEDGED)
    const other = await stage.node(ACKNOWLEDGED)
    const [, id] = (await oneOfEach()) as [number, number, number]
    await graceOver(cache)
    await keep(other, [id])
    const refusal = await proxyOf((await stage.others())[0] as RedisServer).inject({ kind: 'refuse' })
    expect(await rowsOf(cache).delete([id])).toEqual({ delivered: false, queued: true })
    await refusal.lift()
    await cache.whenDelivered()
    expect(rowsOf(other).peek([id])).toBeUndefined()
  })
})

describe("coherence 'acknowledged' in a cluster: in processes of their own", () => {
  const fleet = useFleet(() => ({ cluster: stage.cluster.addresses }) as never, 4, ACKNOWLEDGED)
  const fleetKey = (id: number) => `fleet:row:1:${id}`
  const home = () => stage.cluster.masterOf('{fleet}:clk')
  const others = async () => {
    const at = await home()
    return (await stage.cluster.masters()).filter((master) => master !== at)
  }

  test('linearizable: whoever begins to read after an invalidation has resolved never sees what was before it', async () => {
    const [writer, ...readers] = fleet.members as [Member, ...Member[]]
    const ids = await oneOfEach(fleetKey)
    const seen = await watchInvalidations(fleet, { writer, readers, ids, ms: 2_500 })
    expect(seen.delivered).toBeGreaterThan(3)
    expect(seen.fromMemory).toBeGreaterThan(3)
    expect(seen.tooOld).toEqual([])
  })

  test('also while one of them is frozen: it is waited out, and serves nothing old when it wakes', async () => {
    const [writer, frozen, other] = fleet.members as [Member, Member, Member]
    const ids = await oneOfEach(fleetKey)
    const freeze = async () => {
      for (let round = 0; round < 2; round++) {
        await wait(500)
        frozen.pause()
        await wait(1_300)
        frozen.resume()
      }
    }
    const seen = await watchInvalidations(fleet, {
      writer,
      readers: [frozen, other],
      ids,
      ms: 4_200,
      meanwhile: freeze,
    })
    expect(seen.longest).toBeGreaterThan(200)
    expect(seen.fromMemory).toBeGreaterThan(3)
    expect(seen.tooOld).toEqual([])
  })

  test.each([
    ['keeps frames', async () => (await others())[0] as RedisServer],
    ['keeps the clock and the leases', home],
  ])(
    'also while the master that %s is killed, and another takes over',
    async (_, choose) => {
      const [writer, ...readers] = fleet.members as [Member, ...Member[]]
      const ids = await oneOfEach(fleetKey)
      const victim = await choose()
      const kill = async () => {
        await wait(700)
        await victim.kill()
        await stage.cluster.settled()
      }
      const seen = await watchInvalidations(fleet, { writer, readers, ids, ms: 6_500, meanwhile: kill })
      expect(seen.tooOld).toEqual([])
      expect(seen.delivered).toBeGreaterThan(3)
      expect(seen.fromMemory).toBeGreaterThan(3)
      await stage.bringBack(victim)
    },
    60_000,
  )

  test('also while the slot of the clock moves to another master, leases and all, and back', async () => {
    const [writer, ...readers] = fleet.members as [Member, ...Member[]]
    const ids = await oneOfEach(fleetKey)
    const [from, [to]] = [await home(), await others()] as [RedisServer, [RedisServer]]
    const slot = slotOf('{fleet}:clk')
    const move = async () => {
      await wait(700)
      await moveSlot(stage.cluster, slot, { from, to, halfway: () => wait(100) })
      await wait(1_500)
      await moveSlot(stage.cluster, slot, { from: to, to: from, halfway: () => wait(100) })
    }
    const seen = await watchInvalidations(fleet, { writer, readers, ids, ms: 4_500, meanwhile: move })
    expect(seen.tooOld).toEqual([])
    expect(seen.delivered).toBeGreaterThan(3)
  })
})
