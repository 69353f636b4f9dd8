import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FaultProxy, RedisServer } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Cache } from '../../src/index.ts'
import { STEADY, useCluster } from '../stage/cluster-stage.ts'
import { ROW } from '../stage/oracle.ts'
import { delivered, timed, until } from '../stage/redis-stage.ts'

const stage = useCluster(STEADY)
const keyOf = (id: number) => `${stage.namespace}:row:1:${id}`
const rowsOf = (cache: Cache) => cache.define<[number], string>('row', ROW)

/** One row on a master that keeps no clock, and one on the other. */
async function twoRows(): Promise<{ sick: RedisServer; lost: number; well: number }> {
  const [sick, other] = (await stage.others()) as [RedisServer, RedisServer]
  const [[lost], [well]] = (await Promise.all([sick, other].map((at) => stage.idsOn(at, keyOf, 1)))) as [
    [number],
    [number],
  ]
  return { sick, lost, well }
}

describe('C7: one master out of reach of one process', () => {
  test.each([
    ['refuses', (proxy: FaultProxy) => proxy.inject({ kind: 'refuse' })],
    ['hangs', (proxy: FaultProxy) => proxy.inject({ kind: 'hang' })],
  ])('%s: its keys go to the loader within the budget, the others are served as ever', async (_, inject) => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost, well } = await twoRows()
    const other = await stage.node()
    for (const id of [lost, well]) await rowsOf(other).getOrSet([id], () => 'stored')
    await other.drain()
    await inject(proxyOf(sick))
    expect(await timed(() => rowsOf(cache).getOrSet([lost], () => 'loaded'))).toBeLessThan(400)
    const seen = await cache.observe(() => rowsOf(cache).getOrSet([well], () => 'loaded'))
    expect(seen).toMatchObject({ value: 'stored', tier: 'l2' })
    expect(cache.health().redis).toBe('open')
    await proxyOf(sick).heal()
  })

  test('an invalidation that it did not take holds here at once, and everywhere when it is back', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost, well } = await twoRows()
    const other = await stage.node()
    for (const id of [lost, well]) await rowsOf(other).getOrSet([id], () => 'old')
    await other.drain()
    for (const id of [lost, well]) expect(await rowsOf(cache).getOrSet([id], () => 'no')).toBe('old')
    const refusal = await proxyOf(sick).inject({ kind: 'refuse' })
    const entries = [lost, well].map((id) => ({ name: 'row', args: [id] }))
    expect(await cache.invalidate({ entries, tags: ['row:-1'] })).toEqual({ delivered: false, queued: true })
    expect(cache.inspect().queued).toBe(1)
    expect(cache.health().redis).toBe('open')
    // Delivered where it could be, and told to every memory.
    await delivered(cache, other)
    expect(await rowsOf(other).getOrSet([well], () => 'new')).toBe('new')
    // Its own master still has the old value: others may read it there, this process does not.
    expect(await (await stage.cluster.masterOf(keyOf(lost))).command('EXISTS', keyOf(lost))).toBe(1)
    expect(await rowsOf(cache).getOrSet([lost], () => 'new')).toBe('new')
    expect(await rowsOf(other).getOrSet([lost], () => 'new')).toBe('old')
    await refusal.lift()
    await cache.whenDelivered()
    await delivered(cache, other)
    expect(await rowsOf(other).getOrSet([lost], () => 'newest')).toBe('newest')
    await other.drain()
    expect(cache.inspect().queued).toBe(0)
  })

  test('a key that waits is not read there even when its master answers again, until it has been sent', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost } = await twoRows()
    const other = await stage.node()
    await rowsOf(other).getOrSet([lost], () => 'old')
    await other.drain()
    const hang = await proxyOf(sick).inject({ kind: 'hang' })
    expect(await rowsOf(cache).delete([lost])).toMatchObject({ queued: true })
    await hang.lift()
    const reads: string[] = []
    while (cache.inspect().queued > 0) {
      reads.push(await cache.refresh(() => rowsOf(cache).getOrSet([lost], () => 'new')))
      reads.push(await rowsOf(cache).getOrSet([lost], () => 'new'))
      await wait(1)
    }
    expect(new Set(reads)).toEqual(new Set(['new']))
    expect(await rowsOf(other).getOrSet([lost], () => 'newest')).not.toBe('old')
  })

  test('what waits for it does not keep the others from being used again, however much is invalidated meanwhile', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const rows = rowsOf(cache)
    const { sick, well } = await twoRows()
    // More than go in one script, so that what is invalidated meanwhile is there when the last of them has arrived.
    const lost = await stage.idsOn(sick, keyOf, 1_100)
    const refusal = await proxyOf(sick).inject({ kind: 'refuse' })
    let turn = 0
    const receipts: Promise<unknown>[] = []
    const invalidating = setInterval(() => {
      receipts.push(rows.delete([lost[turn++ % lost.length] as number]))
    }, 5)
    onTestFinished(() => clearInterval(invalidating))
    await cache.invalidate({ entries: lost.map((id) => ({ name: 'row', args: [id] })) })
    await proxyOf(await stage.home()).inject({ kind: 'delay', ms: 40, direction: 'down' })
    proxyOf(await stage.home()).drop()
    await until(() => cache.health().redis !== 'open')
    await until(() => cache.health().redis === 'open', 4_000)
    expect(cache.inspect().queued).toBeGreaterThan(0)
    await rows.getOrSet([well], () => 'row')
    clearInterval(invalidating)
    await proxyOf(await stage.home()).heal()
    await refusal.lift()
    await Promise.all(receipts)
    await cache.whenDelivered()
  })

  test('`required` rejects, and it stays queued', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost } = await twoRows()
    const refusal = await proxyOf(sick).inject({ kind: 'refuse' })
    const entries = [{ name: rowsOf(cache).name, args: [lost] }]
    await expect(cache.invalidate({ entries }, { required: true })).rejects.toMatchObject({
      code: 'INVALIDATION_NOT_DELIVERED',
    })
    expect(cache.inspect().queued).toBe(1)
    await refusal.lift()
    await cache.whenDelivered()
  })

  test('a key that waits is not read there while its master answers reads but not the deletion', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost } = await twoRows()
    const old = randomBytes(60_000).toString('base64')
    const strong = cache.define<[number], string>('row', { ...ROW, consistency: 'strong', shouldCache: () => false })
    const other = await stage.node()
    await rowsOf(other).getOrSet([lost], () => old)
    await other.drain()
    // From now on the name is read by the connection for large values, and deleted by the other one.
    expect(await strong.getOrSet([lost], () => 'not asked')).toBe(old)
    await proxyOf(sick).inject({ kind: 'hang', connections: (connection) => connection.sent('TIME') })
    expect(await strong.delete([lost])).toMatchObject({ queued: true })
    expect(await strong.getOrSet([lost], () => 'new')).toBe('new')
    expect(await strong.getOrSet([lost], () => 'newer')).toBe('newer')
    expect(await sick.command('EXISTS', keyOf(lost))).toBe(1)
    expect(cache.health().redis).toBe('open')
    await proxyOf(sick).heal()
    await cache.whenDelivered()
    expect(await rowsOf(other).getOrSet([lost], () => 'newest')).not.toBe(old)
  })

  test('memory is not filled again from an entry that is about to go: it goes first, and the bus is told then', async () => {
    const { cache, proxyOf } = await stage.proxied()
    const { sick, lost } = await twoRows()
    const other = await stage.node()
    await rowsOf(other).getOrSet([lost], () => 'old')
    await other.drain()
    await rowsOf(cache).getOrSet([lost], () => 'not asked')
    await proxyOf(sick).inject({ kind: 'delay', ms: 80, direction: 'up' })
    const told = new Promise((resolve) => {
      other.on('invalidation-received', () => resolve(rowsOf(other).getOrSet([lost], () => 'new')))
    })
    expect(await rowsOf(cache).delete([lost])).toMatchObject({ delivered: true })
    expect(await told).toBe('new')
    expect(await rowsOf(other).getOrSet([lost], () => 'new')).toBe('new')
  })

  test('a master that is frozen is left though nobody asks it anything, and used again when it goes on', async () => {
    const { sick, lost } = await twoRows()
    const cache = await stage.node({ maxStaleness: '300ms' })
    const events: string[] = []
    cache.on('shard-lost', ({ node }) => events.push(`lost ${node}`))
    cache.on('shards-recovered', () => events.push('recovered'))
    await sick.pause()
    await until(() => events.length === 1)
    expect(events).toEqual([`lost ${sick.host}:${sick.port}`])
    expect(cache.health().redis).toBe('open')
    await sick.resume()
    await until(() => events.at(-1) === 'recovered')
    await rowsOf(cache).getOrSet([lost], () => 'row')
    await cache.drain()
    expect(await sick.command('EXISTS', keyOf(lost))).toBe(1)
  })
})
