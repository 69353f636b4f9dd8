import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { RedisServer } from '@granary/testing'
import type { Cluster } from 'ioredis'
import { describe, expect, test } from 'vitest'
import type { Cache, Duration } from '../../src/index.ts'
import { slotOf } from '../../src/redis/cluster/slot.ts'
import { moveSlot, STEADY, useCluster } from '../stage/cluster-stage.ts'
import { Oracle, ROW } from '../stage/oracle.ts'
import { timed, until } from '../stage/redis-stage.ts'

const stage = useCluster(STEADY)
type Sent = { sent(command: string): boolean }
const subscriber = (connection: Sent) => connection.sent('SUBSCRIBE')
const readers = (connection: Sent) => !connection.sent('SUBSCRIBE')

const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`
const rowsOf = (cache: Cache) => cache.define<[number], unknown>('row', ROW)
const tracking = (maxStaleness: Duration = '30s') =>
  ({ coherence: 'tracking', maxStaleness, redis: { callBudget: '1s' } }) as const

/** Some rows of each master, the clock's first. */
async function rowsByMaster(count: number): Promise<readonly (readonly [RedisServer, readonly number[]])[]> {
  const masters = [await stage.home(), ...(await stage.others())]
  return Promise.all(masters.map(async (at) => [at, await stage.idsOn(at, keyOf, count)] as const))
}

/** Memory has these rows, and nothing is being looked at any more. */
async function keep(cache: Cache, ids: readonly number[], value: unknown = 'old'): Promise<void> {
  const rows = rowsOf(cache)
  await until(async () => {
    for (const id of ids) await rows.getOrSet([id], () => value)
    await cache.drain()
    await wait(30)
    return ids.every((id) => rows.peek([id]) !== undefined)
  })
}

/** Large values are in Redis, stored by a process that is gone. */
async function storeElsewhere(ids: readonly number[]): Promise<void> {
  const other = await stage.node()
  for (const id of ids) await rowsOf(other).getOrSet([id], () => randomBytes(60_000).toString('base64'))
  await other.drain()
  await other.close()
}

/** The server drops its end of a cache's connections, as it does when nothing has answered its keep-alive packets. */
async function forget(server: RedisServer, role: string): Promise<void> {
  const clients = String(await server.command('CLIENT', 'LIST')).split('\n')
  const own = clients.filter((line) => line.includes(` name=granary:${stage.namespace}:${role} `))
  expect(own.length).toBe(1)
  for (const line of own) await server.command('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(line)?.[1] as string)
}

describe("C6: coherence 'tracking' in a cluster: writes by other programs reach memory from every master", () => {
  test.each([
    ['DEL', (client: Cluster, key: string) => client.del(key)],
    ['SET', (client: Cluster, key: string) => client.set(key, 'something else')],
    ['an expiry', (client: Cluster, key: string) => client.pexpire(key, 1)],
    ['a script', (client: Cluster, key: string) => client.eval("return redis.call('UNLINK', KEYS[1])", 1, key)],
  ])('%s', async (_, write) => {
    const cache = await stage.node(tracking())
    const client = stage.otherProgram()
    const rows = rowsOf(cache)
    for (const [master, [written, other]] of await rowsByMaster(2)) {
      await keep(cache, [written as number, other as number])
      await write(client, keyOf(written as number))
      await wait(3)
      await master.command('EXISTS', keyOf(written as number)).catch(() => {})
      await until(() => rows.peek([written as number]) === undefined)
      expect(rows.peek([other as number])).toBe('old')
      expect(await rows.getOrSet([written as number], () => 'new')).toBe('new')
    }
  })

  test('FLUSHALL of one master', async () => {
    const cache = await stage.node(tracking())
    for (const [master, ids] of await rowsByMaster(3)) {
      await keep(cache, ids)
      await master.command('FLUSHALL')
      await until(() => ids.every((id) => rowsOf(cache).peek([id]) === undefined))
    }
  })

  test('what is loaded here stays in memory: own commits are recognised on every master', async () => {
    const cache = await stage.node(tracking())
    const ids = (await rowsByMaster(5)).flatMap(([, some]) => some)
    await keep(cache, ids)
    await wait(100)
    for (const id of ids) expect(rowsOf(cache).peek([id])).toBe('old')
    expect(cache.stats().loads).toBe(ids.length)
  })

  test('a row is watched again after each write, and no read is lost between looking and the next', async () => {
    const cache = await stage.node(tracking())
    const client = stage.otherProgram()
    const [, [, [id]]] = (await rowsByMaster(1)) as [unknown, readonly [RedisServer, readonly [number]]]
    for (let round = 0; round < 5; round++) {
      await keep(cache, [id], `round ${round}`)
      expect(rowsOf(cache).peek([id])).toBe(`round ${round}`)
      await client.del(keyOf(id))
      await until(() => rowsOf(cache).peek([id]) === undefined)
    }
  })
})

describe("C6: coherence 'tracking' in a cluster: proof comes from every master", () => {
  test('a connection that reads, and of which the server knows nothing any more, is found within maxStaleness', async () => {
    const [, [master, ids]] = (await rowsByMaster(2)) as [unknown, readonly [RedisServer, readonly number[]]]
    const { cache, proxyOf } = await stage.proxied(tracking('600ms'))
    await storeElsewhere(ids)
    // The first is read over the small connection, and says that the name's values are large.
    await keep(cache, ids)
    await proxyOf(master).inject({ kind: 'hang', connections: (each) => !each.sent('TIME') && !subscriber(each) })
    await forget(master, 'bulk')
    await master.command('DEL', keyOf(ids[1] as number))
    const lag = await timed(() => until(() => rowsOf(cache).peek([ids[1] as number]) === undefined))
    expect(lag).toBeLessThan(600 + 1_000)
    await proxyOf(master).heal()
    await until(() => cache.inspect().flights === 0)
  })

  test.each([
    ['subscriber', subscriber],
    ['connections that read', readers],
  ])(
    'the %s of one master fall silent: that is found within maxStaleness, though nobody reads there',
    async (_, which) => {
      const { cache, proxyOf } = await stage.proxied(tracking('500ms'))
      const [, [master, ids]] = (await rowsByMaster(2)) as [unknown, readonly [RedisServer, readonly number[]]]
      await keep(cache, ids)
      await proxyOf(master).inject({ kind: 'hang', connections: which as never })
      await stage.cluster.masterOf(keyOf(ids[0] as number)).then((at) => at.command('DEL', keyOf(ids[0] as number)))
      const lag = await timed(() => until(() => rowsOf(cache).peek([ids[0] as number]) === undefined))
      expect(lag).toBeLessThan(500 + 1_000)
      await proxyOf(master).heal()
      await keep(cache, ids, 'new')
    },
  )

  test.each([
    ['subscriber', subscriber],
    ['connections that read', readers],
  ])('the loss of the %s of any master empties memory, and the others go on', async (_, which) => {
    const { cache, proxyOf } = await stage.proxied(tracking())
    const all = await rowsByMaster(2)
    const ids = all.flatMap(([, some]) => some)
    for (const [master] of all.slice(1)) {
      await keep(cache, ids)
      const lost = new Promise((resolve) => cache.on('shard-lost', resolve))
      proxyOf(master).drop(which as never)
      await lost
      for (const id of ids) expect(rowsOf(cache).peek([id])).toBeUndefined()
      expect(cache.health().redis).toBe('open')
    }
  })

  test('a subscriber that the server has killed: what is written before there is another is not missed', async () => {
    const cache = await stage.node(tracking())
    const client = stage.otherProgram()
    const [, [master, [id]]] = (await rowsByMaster(1)) as [unknown, readonly [RedisServer, readonly [number]]]
    for (let round = 0; round < 5; round++) {
      await keep(cache, [id], `round ${round}`)
      expect(rowsOf(cache).peek([id])).toBe(`round ${round}`)
      expect(Number(await master.command('CLIENT', 'KILL', 'TYPE', 'pubsub'))).toBeGreaterThan(0)
      await client.del(keyOf(id))
      await until(() => rowsOf(cache).peek([id]) === undefined)
    }
  })
})

describe("C6: coherence 'tracking' in a cluster: slots that move", () => {
  test('take their tracking with them: what is written at the new master is heard of, and copies stay meanwhile', async () => {
    const cache = await stage.node(tracking())
    const client = stage.otherProgram()
    const [, [from, ids], [to]] = (await rowsByMaster(3)) as never as [
      unknown,
      readonly [RedisServer, readonly [number, number, number]],
      readonly [RedisServer],
    ]
    await keep(cache, ids)
    const slots = [...new Set(ids.map((id) => slotOf(keyOf(id))))]
    for (const slot of slots) await moveSlot(stage.cluster, slot, { from, to })
    // A process that only serves its memory sees no redirection.
    for (const id of ids) await until(() => rowsOf(cache).peek([id]) === 'old')
    for (const id of ids) {
      await client.del(keyOf(id))
      await until(() => rowsOf(cache).peek([id]) === undefined)
    }
    for (const slot of slots) await moveSlot(stage.cluster, slot, { from: to, to: from })
  })

  test('also one that was taken without its keys, which the old master deletes', async () => {
    const cache = await stage.node(tracking('500ms'))
    const [, [from, [id]], [to]] = (await rowsByMaster(1)) as never as [
      unknown,
      readonly [RedisServer, readonly [number]],
      readonly [RedisServer],
    ]
    await keep(cache, [id])
    const slot = slotOf(keyOf(id))
    const target = String(await to.command('CLUSTER', 'MYID'))
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await from.command('CLUSTER', 'MYID')))
    await to.command('CLUSTER', 'SETSLOT', slot, 'NODE', target)
    await until(() => rowsOf(cache).peek([id]) === undefined)
    await until(async () => (await stage.cluster.masterOf(keyOf(id))) === to)
    await keep(cache, [id], 'new')
    await to.command('DEL', keyOf(id))
    await until(() => rowsOf(cache).peek([id]) === undefined)
    await moveSlot(stage.cluster, slot, { from: to, to: from })
  })

  test('while the cache and other programs write: nothing is served that was written longer ago than maxStaleness, nobody gets an error', async () => {
    const caches = [await stage.node(tracking('300ms')), await stage.node(tracking('300ms'))]
    const client = stage.otherProgram()
    const [, [from, ids], [to]] = (await rowsByMaster(6)) as never as [
      unknown,
      readonly [RedisServer, readonly number[]],
      readonly [RedisServer],
    ]
    const truth = new Map(ids.map((id) => [id, 0]))
    const foreign = (id: number) => client.del(keyOf(id))
    const traffic = new Oracle({ caches, ids, truth, maxStaleness: 300, foreign })
    traffic.start()
    const slots = [...new Set(ids.map((id) => slotOf(keyOf(id))))]
    for (const slot of slots) {
      await moveSlot(stage.cluster, slot, { from, to, halfway: () => wait(40) })
      await wait(20)
    }
    for (const slot of slots) await moveSlot(stage.cluster, slot, { from: to, to: from })
    await until(
      () => traffic.findings.hits > 50 && traffic.findings.foreign > 20 && traffic.findings.invalidations > 20,
      15_000,
    )
    const found = await traffic.stop()
    expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
  })
})
