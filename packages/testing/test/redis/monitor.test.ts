import fc from 'fast-check'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RedisServer, startRedis } from '../../src/index.ts'
import { parseMonitorLine } from '../../src/redis/monitor.ts'

let redis: RedisServer
let client: Redis
beforeAll(async () => {
  redis = await startRedis()
  client = new Redis(redis.url)
  await client.ping()
})
afterAll(async () => {
  client.disconnect()
  await redis.stop()
})

test('a monitor sees what clients send, in order, and not what the test sends through the server', async () => {
  const monitor = await redis.monitor()
  await redis.command('SET', 'setup', '1')
  await client.mget('a', 'b')
  await client.set('a', '1')
  expect(await monitor.count()).toBe(2)
  expect(await monitor.count('mget')).toBe(1)
  expect((await monitor.commands()).map((command) => command.args)).toEqual([
    ['mget', 'a', 'b'],
    ['set', 'a', '1'],
  ])
  await monitor.clear()
  expect(await monitor.count()).toBe(0)
  monitor.stop()
})

test('commands inside a script count only when asked for', async () => {
  const monitor = await redis.monitor()
  await client.eval("redis.call('INCR', KEYS[1]) return redis.call('GET', KEYS[1])", 1, 'n')
  expect((await monitor.commands()).map((command) => command.name)).toEqual(['EVAL'])
  expect((await monitor.commands({ scripts: true })).map((command) => [command.name, command.from === 'lua'])).toEqual([
    ['EVAL', false],
    ['INCR', true],
    ['GET', true],
  ])
  monitor.stop()
})

test('arguments come back as they were sent', async () => {
  const monitor = await redis.monitor()
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }), async (keys) => {
      await client.mget(...keys.map((key) => Buffer.from(key)))
      const seen = (await monitor.commands()).at(-1)?.args.slice(1)
      expect(seen?.map((key) => [...Buffer.from(key, 'latin1')])).toEqual(keys.map((key) => [...key]))
    }),
    { numRuns: 50 },
  )
  monitor.stop()
})

test('what is no line of MONITOR is left alone', () => {
  expect(parseMonitorLine('OK')).toBeUndefined()
  expect(parseMonitorLine('1700000000.250000 [3 127.0.0.1:9] "get" "a\\"b\\x00\\\\n"')).toEqual({
    name: 'GET',
    args: ['get', 'a"b\0\\n'],
    at: 1_700_000_000_250,
    database: 3,
    from: '127.0.0.1:9',
  })
})
