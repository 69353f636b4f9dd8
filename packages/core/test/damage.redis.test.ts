import { setTimeout as wait } from 'node:timers/promises'
import { ScriptedRandom, startFaultProxy } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeTargets } from '../src/redis/bus/bus-message.ts'
import { eventsOf } from './stage/memory-stage.ts'
import { until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const POLICY = { ttl: '5m', tags: ['people'] } as const

/** Where a frame says until when its lease is. */
const LEASE_DEADLINE = 12

interface Row {
  readonly id: number
}

describe('replies that were damaged or mixed up on the way', () => {
  test('a sound frame of another key is not served: nobody gets somebody else’s data', async () => {
    const [writer, reader] = [await stage.node(), await stage.node()]
    const rows = writer.define<[number], Row>('row', POLICY)
    await rows.getOrSet([1], () => ({ id: 1 }))
    await writer.drain()
    await stage.redis.command('COPY', rows.keyOf([1]), rows.keyOf([2]))
    const rejected = eventsOf(reader, 'frame-rejected')
    const found = reader.define<[number], Row>('row', POLICY)
    expect(await found.getOrSet([2], () => ({ id: 2 }))).toEqual({ id: 2 })
    expect(rejected).toMatchObject([{ cause: { code: 'FRAME_CORRUPT' } }])
    expect(await found.getOrSet([1], () => ({ id: 0 }))).toEqual({ id: 1 })
  })

  test('a lease that ends in an hour was never asked for: nobody waits for it', async () => {
    const [holder, reader] = [await stage.node({ redis: { leaseTime: '30s' } }), await stage.node()]
    const rows = holder.define<[number], Row>('row', POLICY)
    let end: (row: Row) => void = () => {}
    const loading = rows.getOrSet([1], () => new Promise<Row>((resolve) => (end = resolve)))
    const key = rows.keyOf([1])
    await until(async () => (await stage.redis.command('EXISTS', key)) === 1)
    const placeholder = (await stage.redis.commandBytes('GET', key)) as Buffer
    placeholder.writeDoubleBE(placeholder.readDoubleBE(LEASE_DEADLINE) + 3_600_000, LEASE_DEADLINE)
    await stage.redis.command('SET', key, placeholder, 'PX', '3600000')
    const [rejected, waits] = [eventsOf(reader, 'frame-rejected'), eventsOf(reader, 'lease-waited')]
    expect(await reader.define<[number], Row>('row', POLICY).getOrSet([1], () => ({ id: 2 }))).toEqual({ id: 2 })
    expect(rejected).toMatchObject([{ cause: { code: 'FRAME_CORRUPT', message: 'The lease never ends.' } }])
    expect(waits).toEqual([])
    end({ id: 1 })
    await loading
  })

  test('a bus message that was changed on the way empties memory, as one that was missed does', async () => {
    const cache = await stage.node()
    const losses = eventsOf(cache, 'redis-lost')
    const rows = cache.define<[number], Row>('row', POLICY)
    await rows.getOrSet([1], () => ({ id: 1 }))
    await cache.drain()
    const [incarnation, tagClock, sequence] = String(
      await stage.redis.command('GET', `{${stage.namespace}}:clk`),
    ).split(':')
    const sent = encodeTargets({ keys: [{ key: '', label: 'row:1', text: '1' }], members: [] })
    const changed = sent.replace('"1"', '"3"')
    expect(changed).not.toBe(sent)
    const message = `${incarnation}:${tagClock}:${Number(sequence) + 1}:other:${changed}`
    await stage.redis.command('PUBLISH', `{${stage.namespace}}:bus`, message)
    await until(() => losses.length === 1)
    expect(losses).toMatchObject([{ reason: 'protocol' }])
    await until(() => cache.health().redis === 'open')
    expect(rows.peek([1])).toBeUndefined()
    expect(await rows.getOrSet([1], () => ({ id: 0 }))).toEqual({ id: 1 })
  })

  test.each([1, 2, 3])(
    'no caller sees an error or another row, and nothing is thrown past them: seed %i',
    async (seed) => {
      const proxy = await startFaultProxy({ target: stage.redis, seed })
      onTestFinished(() => proxy.stop())
      const random = new ScriptedRandom(seed)
      const caches = await Promise.all(
        [1, 2].map(() => stage.node({ redis: { client: proxy.url }, memory: { maxEntries: 5 } })),
      )
      const rows = caches.map((cache) =>
        cache.define<[number], Row>('row', { ttl: '5m', tags: ({ id }) => [`row:${id}`] }),
      )
      const act = async () => {
        const at = Math.floor(random.next() * caches.length)
        const id = Math.floor(random.next() * 40)
        if (random.next() < 0.1) return void (await rows[at]?.delete([id]))
        expect(await rows[at]?.getOrSet([id], () => ({ id }))).toEqual({ id })
      }
      for (let burst = 0; burst < 8; burst++) {
        const fault = await proxy.inject({ kind: 'corrupt', share: 0.002, direction: 'down' })
        for (let tick = 0; tick < 5; tick++) {
          await Promise.all([...Array.from({ length: 12 }, act), wait(4)])
        }
        await fault.lift()
        await Promise.all(caches.map((cache) => until(() => cache.health().redis === 'open')))
      }
    },
  )
})
