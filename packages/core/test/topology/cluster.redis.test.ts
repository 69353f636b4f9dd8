import { setTimeout as wait } from 'node:timers/promises'
import type { MonitoredCommand, RedisMonitor, RedisServer } from '@granary/testing'
import { Cluster } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Cache, createCache } from '../../src/index.ts'
import { slotOf } from '../../src/redis/cluster/slot.ts'
import { moveSlot, STEADY, useCluster } from '../stage/cluster-stage.ts'
import { LogRecorder, SILENT } from '../stage/log-recorder.ts'
import { Oracle } from '../stage/oracle.ts'
import { delivered, until } from '../stage/redis-stage.ts'

const stage = useCluster(STEADY)
const POLICY = { ttl: '5m', tags: (_: unknown, id: number) => [`row:${id}`] } as const
const rowsOf = (cache: Cache) => cache.define<[number], string>('row', POLICY)
const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`
const IDS = Array.from({ length: 60 }, (_, id) => id)

/** Everything that clients send to any node of the cluster. */
async function watched(): Promise<RedisMonitor[]> {
  const monitors = await Promise.all(stage.cluster.nodes.map((node) => node.monitor()))
  onTestFinished(() => {
    for (const monitor of monitors) monitor.stop()
  })
  return monitors
}

async function sentTo(monitors: readonly RedisMonitor[]): Promise<MonitoredCommand[]> {
  const all = await Promise.all(monitors.map((monitor) => monitor.commands()))
  return all.flat().filter(({ args }) => args.some((arg) => arg.includes(stage.namespace)))
}

/** The keys that a command names. */
function keysIn({ name, args }: MonitoredCommand): readonly string[] {
  if (name === 'EVALSHA' || name === 'EVAL') return args.slice(3, 3 + Number(args[2]))
  return ['GET', 'MGET', 'DEL', 'STRLEN', 'GETRANGE'].includes(name) ? args.slice(1) : []
}

describe('C14: a cluster', () => {
  test('what one process stored is a hit in another, on every master', async () => {
    const [a, b] = [await stage.node(), await stage.node()]
    for (const id of IDS) await rowsOf(a).getOrSet([id], () => `row ${id}`)
    await a.drain()
    for (const id of IDS) {
      const { value, tier } = await b.observe(() => rowsOf(b).getOrSet([id], () => 'not asked'))
      expect({ value, tier }).toEqual({ value: `row ${id}`, tier: 'l2' })
    }
    const masters = await Promise.all(IDS.map((id) => stage.cluster.masterOf(keyOf(id))))
    expect(new Set(masters).size).toBe(3)
    for (const id of IDS) expect(await masters[id]?.command('EXISTS', keyOf(id))).toBe(1)
  })

  test.each([
    ['its key', (cache: Cache, id: number) => rowsOf(cache).delete([id])],
    ['a tag', (cache: Cache, id: number) => cache.invalidateTags([`row:${id}`])],
    ['its name', (cache: Cache) => cache.clear('row')],
    ['the namespace', (cache: Cache) => cache.clear()],
    [
      'a set of another value',
      (cache: Cache, id: number) =>
        rowsOf(cache)
          .set([id], 'new')
          .then(() => {}),
    ],
    ['a write-through', (cache: Cache, id: number) => rowsOf(cache).put([id], async () => 'new')],
  ])('an entry ends everywhere by %s: in Redis at once, in memory when the message arrives', async (_, invalidate) => {
    const [a, b, c] = [await stage.node(), await stage.node(), await stage.node()]
    for (const id of IDS.slice(0, 12)) {
      await rowsOf(a).getOrSet([id], () => 'old')
      await a.drain()
      expect(await rowsOf(b).getOrSet([id], () => 'not asked')).toBe('old')
      await invalidate(a, id)
      expect(await rowsOf(c).getOrSet([id], () => 'new')).toBe('new')
      await delivered(a, b)
      expect(await rowsOf(b).getOrSet([id], () => 'new')).toBe('new')
      expect(await rowsOf(a).getOrSet([id], () => 'new')).toBe('new')
    }
  })

  test('no command names keys of two slots, and nothing is answered with CROSSSLOT', async () => {
    const [a, b] = [await stage.node(), await stage.node()]
    const monitors = await watched()
    await rowsOf(a).getOrSetMany(
      IDS.map((id) => [id] as [number]),
      async (missing) => missing.map(([id]) => `row ${id}`),
    )
    await a.drain()
    await Promise.all(IDS.map((id) => rowsOf(b).getOrSet([id], () => 'not asked')))
    await rowsOf(a).set([1], 'set')
    await rowsOf(a).put([2], async () => 'put')
    await a.invalidate({
      tags: ['row:3', 'row:4'],
      names: ['row'],
      entries: IDS.map((id) => ({ name: 'row', args: [id] })),
    })
    await a.clear()
    const commands = await sentTo(monitors)
    expect(commands.length).toBeGreaterThan(IDS.length * 3)
    for (const command of commands) expect(new Set(keysIn(command).map(slotOf)).size).toBeLessThanOrEqual(1)
    expect([a.stats().redisFailures, b.stats().redisFailures]).toEqual([{}, {}])
  })

  test('the bus is subscribed at the master of the clock, and a waiter elsewhere is woken through it', async () => {
    const [a, b] = [await stage.node({ redis: { leaseTime: '20s' } }), await stage.node()]
    const home = await stage.home()
    for (const node of stage.cluster.nodes) {
      const subscribers = (await node.command('PUBSUB', 'NUMSUB', `{${stage.namespace}}:bus`)) as [string, number]
      expect(Number(subscribers[1])).toBe(node === home ? 2 : 0)
    }
    const [id] = (await stage.idsOn((await stage.others())[0] as never, keyOf, 1)) as [number]
    let store: (value: string) => void = () => {}
    const first = rowsOf(a).getOrSet([id], () => new Promise<string>((resolve) => (store = resolve)))
    await until(async () => (await (await stage.cluster.masterOf(keyOf(id))).command('EXISTS', keyOf(id))) === 1)
    const waiting = new Promise<void>((resolve) => b.on('lease-waited', () => resolve()))
    const second = rowsOf(b).getOrSet([id], () => 'not asked')
    await waiting
    store('shared')
    expect(await Promise.all([first, second])).toEqual(['shared', 'shared'])
  })

  test('a batch loads only what no master has, with one call', async () => {
    const [a, b] = [await stage.node(), await stage.node()]
    for (const id of IDS.slice(0, 30)) await rowsOf(a).getOrSet([id], () => `row ${id}`)
    await a.drain()
    const calls: number[] = []
    const values = await rowsOf(b).getOrSetMany(
      IDS.map((id) => [id] as [number]),
      async (missing) => {
        calls.push(missing.length)
        return missing.map(([id]) => `row ${id}`)
      },
    )
    expect(values).toEqual(IDS.map((id) => `row ${id}`))
    expect(calls).toEqual([30])
  })
})

describe('C2: waited round trips in a cluster, by the clock', () => {
  const DELAY = 80

  /** How many round trips a piece of work waits for, each of which takes `DELAY` milliseconds. */
  async function roundTripsOf(work: () => Promise<unknown>): Promise<number> {
    const startedAt = performance.now()
    await work()
    return Math.floor((performance.now() - startedAt) / DELAY)
  }

  test('a hit waits for one, a miss for two, a key for two, tags, names and the namespace for one, set for two, put for three', async () => {
    const { client, proxyOf } = await stage.detour()
    const proxies = stage.cluster.nodes.map(proxyOf)
    const a = await stage.node({
      maxStaleness: '30s',
      redis: { client, callBudget: '2s', leaseTime: '20s' },
    })
    const other = await stage.node()
    for (const id of IDS.slice(0, 20)) await rowsOf(other).getOrSet([id], () => 'row')
    await other.drain()
    // Every script is known to every node, and every connection has been used.
    for (const id of IDS.slice(20)) {
      await rowsOf(a).getOrSet([id], () => 'row')
      await rowsOf(a).set([id], 'row')
      await rowsOf(a).put([id], async () => 'row')
    }
    await rowsOf(a).delete([59])
    await a.drain()
    await Promise.all(proxies.map((proxy) => proxy.inject({ kind: 'delay', ms: DELAY, direction: 'down' })))
    expect(await roundTripsOf(() => rowsOf(a).getOrSet([1], () => 'row'))).toBe(1)
    expect(
      await roundTripsOf(() => Promise.all(IDS.slice(2, 20).map((id) => rowsOf(a).getOrSet([id], () => 'row')))),
    ).toBe(1)
    expect(await roundTripsOf(() => rowsOf(a).getOrSet([100], () => 'row'))).toBe(2)
    expect(await roundTripsOf(() => a.delete('row', [1]))).toBe(2)
    const entries = IDS.map((id) => ({ name: 'row', args: [id] }))
    expect(await roundTripsOf(() => a.invalidate({ entries, tags: ['row:1'] }))).toBe(2)
    expect(await roundTripsOf(() => a.invalidateTags(['row:1', 'row:2']))).toBe(1)
    expect(await roundTripsOf(() => a.clear('row'))).toBe(1)
    expect(await roundTripsOf(() => a.clear())).toBe(1)
    expect(await roundTripsOf(() => rowsOf(a).set([3], 'row'))).toBe(2)
    expect(await roundTripsOf(() => rowsOf(a).put([3], async () => 'row'))).toBe(3)
    await Promise.all(proxies.map((proxy) => proxy.heal()))
    expect(a.stats().redisFailures).toEqual({})
  })
})

describe('C14: slots that move', () => {
  test('are misses at most: while they move nothing stale is served, nobody gets an error, and invalidations arrive', async () => {
    const [a, b] = [await stage.node({ maxStaleness: '300ms' }), await stage.node({ maxStaleness: '300ms' })]
    const [from, to] = (await stage.others()) as [RedisServer, RedisServer]
    const ids = await stage.idsOn(from, keyOf, 6)
    const slots = [...new Set(ids.map((id) => slotOf(keyOf(id))))]
    const truth = new Map(ids.map((id) => [id, 0]))
    const traffic = new Oracle({ caches: [a, b], ids, truth, maxStaleness: 300 })
    traffic.start()
    for (const slot of slots) {
      await moveSlot(stage.cluster, slot, { from, to, halfway: () => wait(40) })
      await wait(20)
    }
    for (const slot of slots) await moveSlot(stage.cluster, slot, { from: to, to: from })
    await wait(100)
    const found = await traffic.stop()
    expect(found).toMatchObject({ stale: [], errors: [], queuedAtEnd: 0 })
    expect(found.reads).toBeGreaterThan(200)
    expect(found.hits).toBeGreaterThan(50)
    expect(found.invalidations).toBeGreaterThan(20)
  })

  test('the slot of the clock: the bus follows it, and nothing is lost', async () => {
    const [a, b] = [await stage.node(), await stage.node()]
    await rowsOf(a).getOrSet([1], () => 'old')
    await a.drain()
    const [from, [to]] = [await stage.home(), await stage.others()] as [RedisServer, [RedisServer]]
    await moveSlot(stage.cluster, slotOf(stage.clockKey), { from, to })
    expect(await rowsOf(a).delete([1])).toBeDefined()
    await a.whenDelivered()
    await until(() => [a, b].every((cache) => cache.health().redis === 'open'))
    for (const cache of [a, b]) expect(await rowsOf(cache).getOrSet([1], () => 'new')).toBe('new')
    await until(async () => {
      const [, count] = (await to.command('PUBSUB', 'NUMSUB', `{${stage.namespace}}:bus`)) as [string, number]
      return Number(count) === 2
    })
    await delivered(a, b)
    await moveSlot(stage.cluster, slotOf(stage.clockKey), { from: to, to: from })
  })
})

describe('C14: the slot of the clock that moves', () => {
  test('is followed by a process that only reads', async () => {
    const cache = await stage.node()
    const rows = cache.define<[number], string>('row', { ...POLICY, consistency: 'strong' })
    const [from, [to]] = [await stage.home(), await stage.others()] as [RedisServer, [RedisServer]]
    await moveSlot(stage.cluster, slotOf(stage.clockKey), { from, to })
    await until(async () => {
      const { tier } = await cache.observe(() => rows.getOrSet([1], () => 'row'))
      await wait(5)
      return tier === 'l2'
    })
    await moveSlot(stage.cluster, slotOf(stage.clockKey), { from: to, to: from })
  })
})

describe('C14: a slot that was left half-way', () => {
  test('entries that are not there yet live at the target, and invalidations find them', async () => {
    const [a, b] = [await stage.node(), await stage.node()]
    const [from, to] = (await stage.others()) as [RedisServer, RedisServer]
    const [id] = (await stage.idsOn(from, keyOf, 1)) as [number]
    await moveSlot(stage.cluster, slotOf(keyOf(id)), {
      from,
      to,
      halfway: async () => {
        expect(await rowsOf(a).getOrSet([id], () => 'old')).toBe('old')
        await a.drain()
        expect(await from.command('EXISTS', keyOf(id)).catch((error) => String(error))).toMatch(/ASK/)
        expect(await b.observe(() => rowsOf(b).getOrSet([id], () => 'no'))).toMatchObject({ value: 'old', tier: 'l2' })
        expect(await a.delete('row', [id])).toMatchObject({ delivered: true })
        expect(await rowsOf(a).getOrSet([id], () => 'new')).toBe('new')
        await rowsOf(a).set([id], 'set')
        await delivered(a, b)
        expect(await rowsOf(b).getOrSet([id], () => 'no')).toBe('set')
        expect(await rowsOf(b).put([id], async () => 'put')).toBe('put')
        await delivered(b, a)
        expect(await rowsOf(a).getOrSet([id], () => 'no')).toBe('put')
      },
    })
    expect([a.inspect().queued, b.inspect().queued]).toEqual([0, 0])
    await moveSlot(stage.cluster, slotOf(keyOf(id)), { from: to, to: from })
  })
})

describe("C14: the user's own cluster client", () => {
  test.each([
    ['connected', false],
    ['not connected yet', true],
  ])('%s: is duplicated and left as it is', async (_, lazyConnect) => {
    const client = new Cluster(stage.cluster.addresses, { lazyConnect })
    onTestFinished(() => client.disconnect())
    if (!lazyConnect) await new Promise<void>((resolve) => client.once('ready', () => resolve()))
    const before = { status: client.status, options: JSON.stringify(client.options) }
    const cache = createCache({ namespace: stage.namespace, logger: SILENT, redis: client as never })
    onTestFinished(() => cache.close())
    await cache.ready()
    expect(cache.health().redis).toBe('open')
    for (const id of IDS.slice(0, 12)) await rowsOf(cache).getOrSet([id], () => `row ${id}`)
    await cache.drain()
    const other = await stage.node()
    for (const id of IDS.slice(0, 12)) expect(await rowsOf(other).getOrSet([id], () => 'no')).toBe(`row ${id}`)
    expect({ status: client.status, options: JSON.stringify(client.options) }).toEqual(before)
    expect(cache.redis?.kind).toBe('cluster')
  })

  test('cache.redis makes clients for other packages', async () => {
    const cache = await stage.node()
    const client = await cache.redis?.duplicate()
    onTestFinished(() => client?.disconnect())
    await client?.connect()
    for (const id of IDS.slice(0, 12)) expect(String(await client?.callBuffer('set', [`own:${id}`, 'x']))).toBe('OK')
  })
})

describe('C14: options', () => {
  test.each([
    [{ cluster: [] }, /redis\.cluster/],
    [{ cluster: 'redis://localhost:7000' }, /redis\.cluster/],
    [{ cluster: ['localhost:7000'] }, /redis\.cluster/],
    [{ cluster: ['redis://localhost:7000/1'] }, /database 0/],
    [{ cluster: [{ host: '' }] }, /a node is a URL/],
    [{ cluster: [{ host: 'a', port: 0 }] }, /a node is a URL/],
    [{ cluster: ['redis://u:p@a:1', 'redis://u:q@b:1'] }, /same user, password and protocol/],
    [{ cluster: [{ host: 'a' }], db: 2 }, /redis\.db/],
    [{ cluster: [{ host: 'a' }], natMap: 7 }, /redis\.natMap/],
  ])('%j is refused at once', (redis, message) => {
    expect(() => createCache({ redis: redis as never, logger: SILENT })).toThrow(message)
  })

  test('a plain address of a cluster node says what to give instead', async () => {
    const lines = new LogRecorder('warn')
    const node = stage.cluster.nodes[0] as RedisServer
    const cache = createCache({
      namespace: stage.namespace,
      logger: lines,
      redis: { client: node.url, required: true },
    })
    onTestFinished(() => cache.close())
    await expect(cache.ready()).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', reason: 'moved' })
    expect(JSON.stringify(lines.lines.map(({ fields }) => String((fields['err'] as Error).message)))).toMatch(/cluster/)
  })
})
