import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Cache, createCache } from '../src/index.ts'
import { readEnvironment } from '../src/redis/settings/environment.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { openMemory } from './stage/memory-stage.ts'
import { useRedis } from './stage/redis-stage.ts'

const stage = useRedis()
const before = { ...process.env }
const opened: Cache[] = []

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/^(REDIS|GRANARY)_/.test(name)) delete process.env[name]
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((cache) => cache.close()))
  process.env = { ...before }
})

/** A cache configured by these variables alone. */
function fromEnvironment(variables: Record<string, string>): Cache {
  Object.assign(process.env, variables)
  const cache = createCache({ namespace: stage.namespace, redis: 'env', logger: new LogRecorder('error') })
  opened.push(cache)
  return cache
}

/** The client names of a namespace that the server knows. */
async function connections(): Promise<string[]> {
  const list = String(await stage.redis.command('CLIENT', 'LIST'))
  return [...list.matchAll(/name=(granary:\S+)/g)]
    .map(([, name]) => name as string)
    .filter((name) => name.includes(`:${stage.namespace}:`))
}

describe('C14: the variables of the environment', () => {
  test.each([
    ['nothing', {}, { url: undefined, options: { host: 'localhost', port: 6379 } }],
    [
      'a URL, which wins',
      { REDIS_URL: 'redis://h:1/2', REDIS_HOST: 'other', REDIS_PORT: '9' },
      { url: 'redis://h:1/2', options: {} },
    ],
    [
      'parts',
      { REDIS_HOST: 'h', REDIS_PORT: '7000', REDIS_DB: '3', REDIS_PASSWORD: 'pw' },
      { options: { host: 'h', port: 7000, db: 3, password: 'pw' } },
    ],
    ['what Kubernetes injects', { REDIS_PORT: 'tcp://10.0.0.7:6380' }, { options: { host: '10.0.0.7', port: 6380 } }],
    [
      'a host beside it',
      { REDIS_HOST: 'h', REDIS_PORT: 'tcp://10.0.0.7:6380' },
      { options: { host: 'h', port: 6380 } },
    ],
    [
      'limits, in seconds',
      { REDIS_SOCKET_TIMEOUT: '2.5', REDIS_SOCKET_CONNECT_TIMEOUT: '1', REDIS_MAX_CONNECTIONS: '50' },
      { socketTimeout: 2_500, connectTimeout: 1_000, maxConnections: 50 },
    ],
    ['a retry', { REDIS_RETRY_ON_TIMEOUT: 'True' }, { retryOnTimeout: true }],
    ['no retry', { REDIS_RETRY_ON_TIMEOUT: 'false' }, { retryOnTimeout: false }],
    [
      'blanks, which are nothing',
      { REDIS_URL: '  ', REDIS_HOST: '' },
      { url: undefined, options: { host: 'localhost' } },
    ],
    ['names it does not know', { REDIS_CLUSTER: 'yes', REDIS_SSL: 'x' }, { options: { host: 'localhost' } }],
  ])('%s', (_, variables, expected) => {
    expect(readEnvironment(variables as NodeJS.ProcessEnv)).toMatchObject(expected)
  })

  test.each([
    ['REDIS_URL', 'redis-host'],
    ['REDIS_URL', 'http://host:6379'],
    ['REDIS_PORT', 'six'],
    ['REDIS_PORT', '70000'],
    ['REDIS_PORT', 'tcp://10.0.0.7'],
    ['REDIS_DB', '-1'],
    ['REDIS_DB', 'main'],
    ['REDIS_MAX_CONNECTIONS', '1'],
    ['REDIS_MAX_CONNECTIONS', 'many'],
    ['REDIS_SOCKET_TIMEOUT', '5s'],
    ['REDIS_SOCKET_TIMEOUT', '0'],
    ['REDIS_SOCKET_CONNECT_TIMEOUT', '-1'],
    ['REDIS_RETRY_ON_TIMEOUT', 'maybe'],
  ])('a malformed %s (%s) is refused, by name', (name, value) => {
    process.env[name] = value
    expect(() => createCache({ redis: 'env' })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringMatching(new RegExp(`^${name}: `)) }),
    )
  })

  test('they are read only when asked for: a malformed one harms nobody else', () => {
    process.env['REDIS_PORT'] = 'six'
    expect(openMemory().cache.redis).toBeUndefined()
  })

  test('REDIS_URL connects', async () => {
    const cache = fromEnvironment({ REDIS_URL: `${stage.redis.url}/3` })
    await cache.ready()
    await cache.getOrSet('row', [1], () => 'ada')
    await cache.drain()
    expect(cache.health()).toMatchObject({ status: 'ok', redis: 'open' })
    expect(await stage.redis.command('KEYS', `${stage.namespace}:*`)).toEqual([])
    expect(await stage.redis.command('INFO', 'keyspace')).toMatch(/db3:keys=/)
  })

  test('REDIS_HOST and REDIS_PORT connect', async () => {
    const cache = fromEnvironment({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(stage.redis.port) })
    await cache.ready()
    expect(cache.health().redis).toBe('open')
  })

  test('REDIS_MAX_CONNECTIONS bounds how many there are', async () => {
    await fromEnvironment({ REDIS_URL: stage.redis.url }).ready()
    expect((await connections()).toSorted().map((name) => name.split(':').at(-1))).toEqual([
      'bulk',
      'data',
      'subscriber',
    ])
    await opened.pop()?.close()
    await fromEnvironment({ REDIS_MAX_CONNECTIONS: '2' }).ready()
    expect((await connections()).length).toBe(2)
  })

  test('REDIS_SOCKET_CONNECT_TIMEOUT limits how long a silent server is waited for', async () => {
    const proxy = await stage.proxy()
    await proxy.inject({ kind: 'hang' })
    const cache = fromEnvironment({ REDIS_URL: proxy.url, REDIS_SOCKET_CONNECT_TIMEOUT: '0.2' })
    const startedAt = performance.now()
    await cache.ready()
    expect(performance.now() - startedAt).toBeLessThan(900)
    expect(cache.health()).toMatchObject({ redis: 'away', reason: 'deadline' })
  })

  test.each([
    ['true', 2],
    ['false', 1],
  ])('REDIS_RETRY_ON_TIMEOUT=%s asks a slow read %d times, within one budget', async (flag, times) => {
    const proxy = await stage.proxy()
    const cache = fromEnvironment({ REDIS_URL: proxy.url, REDIS_RETRY_ON_TIMEOUT: flag })
    await cache.ready()
    await cache.getOrSet('warm', [1], () => 1)
    await cache.drain()
    proxy.forget()
    await proxy.inject({ kind: 'hang', direction: 'down', connections: (each) => each.sent('MGET') })
    const startedAt = performance.now()
    await cache.getOrSet('row', [1], () => 'ada')
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(proxy.commands.filter(({ name }) => name === 'MGET').length).toBe(times)
  })

  test('GRANARY_DISABLED=1 switches everything off', async () => {
    process.env['GRANARY_DISABLED'] = '1'
    const { cache } = openMemory()
    let loads = 0
    const read = () => cache.getOrSet('row', [1], () => ++loads)
    expect([await read(), await read()]).toEqual([1, 2])
    expect(await cache.observe(read)).toMatchObject({ outcome: 'bypass' })
    await cache.set('row', [1], 'set')
    expect(cache.peek('row', [1])).toBeUndefined()
    expect(await cache.get('row', [1])).toBeUndefined()
  })

  test.each([
    ['0', true],
    ['', true],
  ])('GRANARY_DISABLED=%j does not', async (value) => {
    process.env['GRANARY_DISABLED'] = value
    const { cache } = openMemory()
    await cache.getOrSet('row', [1], () => 1)
    expect(cache.peek('row', [1])).toBe(1)
  })

  test('GRANARY_DISABLED=yes is refused', () => {
    process.env['GRANARY_DISABLED'] = 'yes'
    expect(() => createCache()).toThrow(/^GRANARY_DISABLED: 'yes'/)
  })
})

describe('C14: a Redis that nobody uses', () => {
  test.each([
    ['REDIS_URL', 'redis://somewhere:6379'],
    ['REDIS_HOST', 'somewhere'],
  ])('incident 24: with %s set and no redis option, one warning says so', async (name, value) => {
    process.env[name] = value
    const log = new LogRecorder('warn')
    const { cache } = openMemory({ logger: log })
    for (let id = 0; id < 10; id++) await cache.getOrSet('row', [id], () => id)
    expect(log.lines.length).toBe(1)
    expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { advice: expect.stringContaining(name) } })
  })

  test('without a logger the warning goes to the process', async () => {
    process.env['REDIS_URL'] = 'redis://somewhere:6379'
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    createCache()
    expect(await warned).toMatchObject({ name: 'GranaryWarning', message: expect.stringContaining("redis: 'env'") })
  })
})

describe('C14: an ioredis client that the user already has', () => {
  test('is duplicated, and neither reconfigured, used nor closed', async () => {
    const mine = new Redis(stage.redis.url, { keyPrefix: 'app:', db: 4, maxRetriesPerRequest: 7, lazyConnect: true })
    try {
      await mine.connect()
      const options = { ...mine.options }
      const cache = await stage.node({ redis: { client: mine as never } })
      await cache.getOrSet('row', [1], () => 'ada')
      await cache.drain()
      expect(mine.options).toEqual(options)
      expect(await mine.set('mine', '1')).toBe('OK')
      expect((await mine.call('KEYS', '*')) as string[]).toContain(
        cache.define('x', { ttl: '1m' }).keyOf([]).replace(':x:1:', ':row:1:1'),
      )
      await cache.close()
      expect(await mine.get('mine')).toBe('1')
      expect(mine.status).toBe('ready')
    } finally {
      mine.disconnect()
    }
  })

  test('need not be connected, or reachable, itself', async () => {
    const mine = new Redis({ port: stage.redis.port, host: '127.0.0.1', lazyConnect: true })
    const cache = await stage.node({ redis: { client: mine as never } })
    expect(cache.health().redis).toBe('open')
    expect(mine.status).toBe('wait')
  })

  test('options of ioredis do as well', async () => {
    const cache = await stage.node({ redis: { client: { host: '127.0.0.1', port: stage.redis.port, db: 5 } } })
    expect(cache.health().redis).toBe('open')
  })

  test('other packages get connections with the same settings, that never queue or reconnect by themselves', async () => {
    const cache = await stage.node({ redis: { client: `${stage.redis.url}/6` } })
    const client = (await cache.redis?.duplicate()) as unknown as Redis
    expect(client.status).toBe('wait')
    await client.connect()
    try {
      expect(client.options).toMatchObject({
        db: 6,
        enableOfflineQueue: false,
        autoResendUnfulfilledCommands: false,
        maxRetriesPerRequest: 0,
      })
      expect(await client.ping()).toBe('PONG')
    } finally {
      client.disconnect()
    }
  })
})

describe('the entry point', () => {
  test('brings no Redis client along until one is configured', async () => {
    const program = `
      import { createRequire } from 'node:module'
      import { createCache } from '@granary/core'
      const loaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('ioredis'))
      const memory = createCache()
      await memory.getOrSet('row', [1], () => 1)
      const before = loaded()
      const cache = createCache({ redis: 'redis://127.0.0.1:1', logger: { debug() {}, info() {}, warn() {}, error() {} } })
      await cache.ready()
      console.log(JSON.stringify([before, loaded()]))
      await cache.close()
    `
    const flags = ['--conditions=@granary/source', '--import=tsx', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, flags, {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    })
    expect(JSON.parse(stdout)).toEqual([false, true])
  })
})
