import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RedisReplyError, type RedisServer, startRedis, TestingError } from '../../src/index.ts'

describe('a started server', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  test('answers with text, numbers, null and lists', async () => {
    await expect(redis.command('SET', 'greeting', 'grüezi')).resolves.toBe('OK')
    await expect(redis.command('GET', 'greeting')).resolves.toBe('grüezi')
    await expect(redis.command('INCRBY', 'counter', 41)).resolves.toBe(41)
    await expect(redis.command('GET', 'nothing')).resolves.toBeNull()
    await expect(redis.command('EVAL', "return {1, 'two', {3}}", 0)).resolves.toEqual([1, 'two', [3]])
    await expect(redis.command('INCRBY', 'big', 2n ** 62n)).resolves.toBe(2n ** 62n)
  })

  test('keeps bytes as they are', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256)
    await redis.command('SET', 'bytes', bytes)
    const reply = await redis.commandBytes('GET', 'bytes')
    expect(Buffer.compare(reply as Uint8Array, bytes)).toBe(0)
  })

  test('answers many commands at once in their order', async () => {
    const numbers = Array.from({ length: 2_000 }, (_, index) => index)
    const echoes = await Promise.all(numbers.map((number) => redis.command('ECHO', number)))
    expect(echoes).toEqual(numbers.map(String))
  })

  test("rejects with Redis' own error and stays usable", async () => {
    await redis.command('SET', 'text', 'x')
    const failure = redis.command('LPUSH', 'text', 'y')
    await expect(failure).rejects.toBeInstanceOf(RedisReplyError)
    await expect(failure).rejects.toMatchObject({ code: 'REDIS_REPLY', kind: 'WRONGTYPE' })
    await expect(redis.command('PING')).resolves.toBe('PONG')
  })

  test('reads and sets its configuration, and keeps nothing on disk', async () => {
    await expect(redis.config.get('save')).resolves.toBe('')
    await expect(redis.config.get('appendonly')).resolves.toBe('no')
    await redis.config.set('maxmemory-policy', 'allkeys-lru')
    await expect(redis.config.get('maxmemory-policy')).resolves.toBe('allkeys-lru')
    await expect(redis.config.get('no-such-parameter')).resolves.toBeUndefined()
  })

  test('frozen it accepts connections and answers nothing; resumed it answers what was asked', async () => {
    await redis.pause()
    let answered = false
    const ping = redis.command('PING').then((reply) => {
      answered = true
      return reply
    })
    await wait(60)
    expect(answered).toBe(false)
    await redis.resume()
    await expect(ping).resolves.toBe('PONG')
  })

  test('killed it refuses connections; restarted it listens on the same port, empty', async () => {
    await redis.command('SET', 'kept', 'no')
    const pid = redis.process.pid
    await redis.kill()
    expect(redis.running).toBe(false)
    await expect(redis.command('PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await redis.restart()
    expect(redis.process.pid).not.toBe(pid)
    await expect(redis.command('GET', 'kept')).resolves.toBeNull()
  })

  test('a command under way when it is killed rejects', async () => {
    const blocked = redis.command('BLPOP', 'never', 0)
    const failure = expect(blocked).rejects.toBeInstanceOf(TestingError)
    await redis.kill()
    await failure
    await redis.restart()
  })
})
