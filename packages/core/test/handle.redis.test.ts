import { Cluster, Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createCache, InvalidOption, type RedisSource, redisHandle } from '../src/index.ts'
import { useRedis } from './stage/redis-stage.ts'

const stage = useRedis()

describe('a handle makes connections for what stands beside a cache', () => {
  const sources: readonly (readonly [string, () => RedisSource | undefined])[] = [
    ['a URL', () => stage.redis.url],
    ['ioredis options', () => ({ host: stage.redis.host, port: stage.redis.port })],
    [
      'a client of the application',
      () => {
        const client = new Redis(stage.redis.url, { lazyConnect: true, enableOfflineQueue: true, keyPrefix: 'app:' })
        onTestFinished(() => client.disconnect())
        return client
      },
    ],
    [
      'cache.redis',
      () => {
        const cache = createCache({ namespace: stage.namespace, redis: stage.redis.url })
        onTestFinished(() => cache.close())
        return cache.redis
      },
    ],
  ]

  test.each(sources)('from %s, none of which queues or reconnects', async (_, source) => {
    const handle = redisHandle(source())
    expect(handle.kind).toBe('single')
    const client = await handle.duplicate({ connectTimeout: 5_000 })
    client.on('error', () => {})
    expect(client.status, 'not connected until it is told to').toBe('wait')
    await client.connect()
    await client.callBuffer('SET', [`${stage.namespace}:by-handle`, 'kept'])
    expect(await stage.redis.command('GET', `${stage.namespace}:by-handle`)).toBe('kept')
    const ended = new Promise((resolve) => client.on('end', resolve as () => void))
    await stage.redis.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await ended
    await expect(client.callBuffer('PING', []), 'neither queued nor sent by a new connection').rejects.toThrow()
    expect(client.status).toBe('end')
  })

  test('from nodes or a client of a cluster it makes clients for all nodes', () => {
    const client = new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })
    onTestFinished(() => client.disconnect())
    expect(redisHandle(client).kind).toBe('cluster')
    expect(redisHandle({ cluster: ['redis://127.0.0.1:1'] }).kind).toBe('cluster')
  })

  test('a handle is answered as it is', () => {
    const handle = redisHandle('redis://127.0.0.1:1')
    expect(redisHandle(handle)).toBe(handle)
  })

  test('a client of another library is refused: it would be away for ever', () => {
    const foreign = { duplicate: () => foreign, sendCommand: async () => 'OK', client: () => 'CLIENT' }
    expect(() => redisHandle(foreign as never)).toThrow(/^redis: .*ioredis.*URL/)
  })

  test.each([undefined, null, 7, {}, 'localhost', 'http://localhost'])('%j is refused by name', (source) => {
    expect(() => redisHandle(source as never, 'store')).toThrow(InvalidOption)
    if (typeof source !== 'string') expect(() => redisHandle(source as never, 'store')).toThrow(/^store: /)
  })
})
