import { once } from 'node:events'
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { InvalidTestOption, type RedisServer, startRedis } from '../../src/index.ts'

async function within<T>(redis: RedisServer, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } finally {
    await redis.stop()
  }
}

test('several servers run at once, each with its own port and data, and stop without leaving a folder', async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()])
  expect(new Set(servers.map((server) => server.port)).size).toBe(3)
  await Promise.all(servers.map((server, index) => server.command('SET', 'who', index)))
  expect(await Promise.all(servers.map((server) => server.command('GET', 'who')))).toEqual(['0', '1', '2'])
  const folders = await Promise.all(servers.map((server) => server.config.get('dir')))
  await Promise.all(servers.map((server) => server.stop()))
  expect(folders.map((folder) => existsSync(folder as string))).toEqual([false, false, false])
  expect(servers.map((server) => server.running)).toEqual([false, false, false])
})

test('a persistent server has its data after a restart, and after a crash what was saved before it', async () => {
  const redis = await startRedis({ persist: true })
  await within(redis, async () => {
    await redis.command('SET', 'kept', 'yes')
    await redis.restart()
    expect(await redis.command('GET', 'kept')).toBe('yes')
    await redis.command('SET', 'late', 'lost')
    await redis.kill()
    await redis.restart()
    expect(await redis.command('MGET', 'kept', 'late')).toEqual(['yes', null])
  })
})

test('a password is required of others and stands in the url', async () => {
  const redis = await startRedis({ password: 'p@ss word' })
  await within(redis, async () => {
    expect(redis.url).toBe(`redis://:p%40ss%20word@127.0.0.1:${redis.port}`)
    expect(await redis.command('PING')).toBe('PONG')
    expect(await redis.command('ACL', 'WHOAMI')).toBe('default')
    expect(await redis.config.get('requirepass')).toBe('p@ss word')
  })
})

test('memory and further settings are passed on', async () => {
  const redis = await startRedis({ maxmemory: '3mb', args: ['--maxmemory-policy', 'allkeys-lfu', '--databases', '2'] })
  await within(redis, async () => {
    expect(await redis.config.get('maxmemory')).toBe(String(3 * 1024 * 1024))
    expect(await redis.config.get('maxmemory-policy')).toBe('allkeys-lfu')
    await expect(redis.command('SELECT', 2)).rejects.toThrow(/out of range/)
  })
})

test('a scope ends its server', async () => {
  const redis = await startRedis()
  await redis[Symbol.asyncDispose]()
  expect(redis.running).toBe(false)
})

test('a frozen server can be stopped', async () => {
  const redis = await startRedis()
  await redis.pause()
  const began = performance.now()
  await redis.stop()
  expect(redis.running).toBe(false)
  // Not by running into the limit after which it is killed.
  expect(performance.now() - began).toBeLessThan(4_000)
})

describe('what cannot start', () => {
  test('a taken port fails with the words of the server', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const failure = expect(startRedis({ port })).rejects
    await failure.toMatchObject({ code: 'REDIS_START_FAILED', message: expect.stringMatching(/already in use/i) })
    taken.close()
  })

  test('an unknown setting fails with the name of the setting', async () => {
    await expect(startRedis({ args: ['--no-such-setting', '1'] })).rejects.toMatchObject({ code: 'REDIS_START_FAILED' })
  })

  test('a missing program fails with its name', async () => {
    await expect(startRedis({ binary: '/nowhere/redis-server' })).rejects.toThrow(
      /\/nowhere\/redis-server .*cannot be run/,
    )
  })

  test('an impossible port is refused at once', async () => {
    await expect(startRedis({ port: 70_000 })).rejects.toBeInstanceOf(InvalidTestOption)
  })
})
