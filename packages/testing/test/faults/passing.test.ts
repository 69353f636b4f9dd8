import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type FaultProxy, type RedisServer, ScriptedRandom, startFaultProxy, startRedis } from '../../src/index.ts'

let redis: RedisServer
let proxy: FaultProxy
let client: Redis

beforeAll(async () => {
  redis = await startRedis()
  proxy = await startFaultProxy({ target: redis })
})
afterAll(async () => {
  await proxy.stop()
  await redis.stop()
})
beforeEach(async () => {
  await redis.command('FLUSHALL')
  client = new Redis(proxy.url)
  await client.ping()
  proxy.forget()
})
afterEach(() => client.disconnect())

describe('a proxy without faults', () => {
  test('passes large values both ways without losing, adding or reordering a byte', async () => {
    const values = [1, 65_536, 3_000_001, 12_000_000].map((size, seed) => {
      const noise = new ScriptedRandom(seed).bytes(Math.min(size, 4_099))
      return Buffer.alloc(size, noise)
    })
    await Promise.all(values.map((value, index) => client.set(`large:${index}`, value)))
    const [read, direct] = await Promise.all([
      Promise.all(values.map((_, index) => client.getBuffer(`large:${index}`))),
      Promise.all(values.map((_, index) => redis.commandBytes('GET', `large:${index}`))),
    ])
    const digest = (bytes: unknown) =>
      createHash('sha256')
        .update(bytes as Uint8Array)
        .digest('hex')
    expect(direct.map(digest)).toEqual(values.map(digest))
    expect(read.map(digest)).toEqual(values.map(digest))
  })

  test('any mix of commands from several clients gets the answers that Redis gives directly', async () => {
    const other = new Redis(proxy.url)
    const step = fc.record({
      second: fc.boolean(),
      command: fc.oneof(
        fc.tuple(fc.constant('SET'), fc.constantFrom('a', 'b'), fc.string({ maxLength: 50 })),
        fc.tuple(fc.constantFrom('GET', 'INCR', 'LRANGE', 'TYPE'), fc.constantFrom('a', 'b', 'c')),
        fc.tuple(fc.constant('RPUSH'), fc.constant('c'), fc.string({ maxLength: 2_000 })),
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        await redis.command('FLUSHALL')
        const run = async (send: (second: boolean, command: string[]) => Promise<unknown>) => {
          const replies: unknown[] = []
          for (const { second, command } of steps) {
            const [name, ...args] = command as [string, ...string[]]
            const full = name === 'LRANGE' ? [name, ...args, '0', '-1'] : [name, ...args]
            replies.push(await send(second, full).catch((error: Error) => error.message))
          }
          return replies
        }
        const through = await run((second, [name, ...args]) => (second ? other : client).call(name as string, args))
        await redis.command('FLUSHALL')
        const direct = await run((_, command) => redis.command(...command))
        expect(through).toEqual(direct)
      }),
      { numRuns: 25 },
    )
    other.disconnect()
  })

  test('pushes published messages through in order', async () => {
    const subscriber = new Redis(proxy.url)
    const seen: string[] = []
    subscriber.on('message', (_, message) => seen.push(message))
    await subscriber.subscribe('news')
    for (let index = 0; index < 200; index++) client.publish('news', String(index))
    await client.ping()
    for (let attempt = 0; attempt < 100 && seen.length < 200; attempt++) await wait(5)
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => String(index)))
    subscriber.disconnect()
  })

  test('ends with its clients and with its Redis, and forgets connections that are closed', async () => {
    const mine = proxy.connections.length
    const other = new Redis(proxy.url, { retryStrategy: null, lazyConnect: true })
    await other.connect()
    expect(proxy.connections.length).toBe(mine + 1)
    const closed = new Promise((resolve) => other.once('end', resolve))
    await other.quit()
    await closed
    for (let attempt = 0; attempt < 100 && proxy.connections.length > mine; attempt++) await wait(5)
    expect(proxy.connections.length).toBe(mine)
  })
})

describe('the record', () => {
  test('names every command with its connection and time', async () => {
    await client.set('k', '1')
    await client.mget('k', 'l')
    const [first, second] = proxy.commands
    expect(proxy.commands.map((command) => command.name)).toEqual(['SET', 'MGET'])
    expect(first?.connection).toBe(proxy.connections.at(-1)?.index)
    expect((second?.at ?? 0) >= (first?.at ?? 0)).toBe(true)
  })

  test('counts one round trip for each answer waited for, however many commands were sent together', async () => {
    await client.get('a')
    await client.get('b')
    expect(proxy.roundTrips()).toBe(2)
    await Promise.all([client.get('a'), client.get('b'), client.get('c')])
    expect(proxy.roundTrips()).toBe(3)
    await client.pipeline().get('a').set('b', '1').incr('c').exec()
    expect(proxy.roundTrips()).toBe(4)
    expect(proxy.commands.length).toBe(8)
    proxy.forget()
    expect([proxy.roundTrips(), proxy.commands.length]).toEqual([0, 0])
  })

  test('counts a command that comes in many pieces once', async () => {
    await client.set('large', Buffer.alloc(5_000_000, 'x'))
    expect(proxy.commands.map((command) => command.name)).toEqual(['SET'])
    expect(proxy.roundTrips()).toBe(1)
  })

  test('counts chosen connections', async () => {
    const subscriber = new Redis(proxy.url)
    await subscriber.subscribe('news')
    proxy.forget()
    await subscriber.ping()
    await client.get('a')
    await client.get('a')
    expect(proxy.roundTrips((connection) => connection.sent('subscribe'))).toBe(1)
    expect(proxy.roundTrips((connection) => !connection.sent('subscribe'))).toBe(2)
    expect(proxy.roundTrips([proxy.commands.at(-1)?.connection ?? -1])).toBe(2)
    subscriber.disconnect()
  })
})
