import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type CacheEvent, createCache } from '../src/index.ts'
import { memoryAdvice } from '../src/redis/settings/memory-advice.ts'
import { Telemetry } from '../src/telemetry/telemetry.ts'
import { LogRecorder } from './stage/log-recorder.ts'
import { timed, until, useRedis } from './stage/redis-stage.ts'

const stage = useRedis({ args: ['--databases', '4'] })
const policy = { ttl: '1m', jitter: 0 } as const

/** A number that becomes 1 once a server's statistics name a command: another thread looks, because this one will be busy. */
async function watchElsewhere(port: number, statistic: string): Promise<Int32Array<SharedArrayBuffer>> {
  const seen = new Int32Array(new SharedArrayBuffer(4))
  const program = `
    const { workerData, parentPort } = require('node:worker_threads')
    const { seen, port, statistic } = workerData
    const socket = require('node:net').connect(port, '127.0.0.1', () => parentPort.postMessage('ready'))
    const ask = () => socket.write('INFO commandstats\\r\\n')
    socket.on('data', (data) => {
      if (!String(data).includes(statistic)) return setTimeout(ask, 5)
      Atomics.store(seen, 0, 1)
      Atomics.notify(seen, 0)
    })
    ask()`
  const worker = new Worker(program, { eval: true, workerData: { seen, port, statistic } })
  onTestFinished(async () => void (await worker.terminate()))
  await once(worker, 'message')
  return seen
}

describe('what is held against Redis, and what is not', () => {
  test('a process that was too busy to read the reply in time does not blame Redis', async () => {
    const cache = await stage.node({ maxStaleness: '5s' })
    const user = cache.define('user', { ...policy, consistency: 'strong' })
    await user.set([1], 'stored')
    await stage.redis.command('CONFIG', 'RESETSTAT')
    const executed = await watchElsewhere(stage.redis.port, 'cmdstat_mget:')
    const busyUntil = performance.now() + 400
    const reading = cache.observe(() => user.getOrSet([1], () => 'loaded'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(Atomics.wait(executed, 0, 0, 10_000)).not.toBe('timed-out')
    while (performance.now() < busyUntil);
    expect(await reading).toMatchObject({ value: 'stored', tier: 'l2' })
    expect(cache.stats()).toMatchObject({ redisFailures: {}, redisAvailable: true })
  })

  test('a Redis that answers too slowly to be of use is not used again until it is faster', async () => {
    const { cache, proxy } = await stage.proxied()
    const losses: CacheEvent[] = []
    cache.on('redis-lost', (event) => losses.push(event))
    await proxy.inject({ kind: 'delay', ms: 160, direction: 'down' })
    const calls = async () => {
      for (let id = 0; id < 40; id++) await Promise.all([cache.getOrSet('user', [id], () => 'row', policy), wait(10)])
    }
    await calls()
    await until(() => cache.health().redis === 'away')
    await wait(1_200)
    expect(await timed(() => cache.getOrSet('user', ['late'], () => 'row', policy))).toBeLessThan(60)
    expect(cache.health()).toMatchObject({ redis: 'away', reason: 'deadline' })
    expect(losses).toHaveLength(1)
    await proxy.heal()
    await until(() => cache.health().redis === 'open')
  })

  test('a database number that the server does not have is an outage: nothing is written to database 0', async () => {
    const log = new LogRecorder('warn')
    const cache = createCache({ namespace: stage.namespace, redis: `${stage.redis.url}/99`, logger: log })
    await cache.ready()
    expect(await cache.getOrSet('user', [1], () => 'row', policy)).toBe('row')
    expect(cache.health()).toMatchObject({ status: 'degraded', redis: 'away', reason: 'database' })
    expect(log.messages('warn')).toEqual(['granary: redis lost'])
    expect(await stage.redis.command('KEYS', `*${stage.namespace}*`)).toEqual([])
    await cache.close()
  })
})

describe('bounds while Redis is slow', () => {
  test('bytes in flight are bounded: beyond 64 MiB stores are refused, and counted as overload', async () => {
    const { cache, proxy } = await stage.proxied({
      redis: { callBudget: '10s' },
      compression: false,
      memory: { maxBytes: 2 ** 30 },
    })
    const large = cache.define('large', policy)
    const bytes = () => Buffer.alloc(20 * 2 ** 20, 1)
    await large.getOrSet(['first'], bytes)
    await cache.drain()
    await proxy.inject({ kind: 'throttle', bytesPerSecond: 200_000, direction: 'up' })
    await Promise.all(Array.from({ length: 8 }, (_, id) => large.getOrSet([id], bytes)))
    await until(() => (cache.stats().redisFailures.overload ?? 0) >= 4, 10_000)
    expect(cache.stats().redisAvailable).toBe(true)
    await proxy.heal()
  })

  test('a value too large to be read costs one connection, then it is recognised by its size and replaced', async () => {
    const { cache, proxy } = await stage.proxied({ maxStaleness: '400ms' })
    const user = cache.define('user', policy)
    await user.set([1], 'row')
    const [key] = (await stage.redis.command('KEYS', `${stage.namespace}:user:*`)) as string[]
    await user.clear()
    await stage.redis.command('SETRANGE', key as string, 40 * 2 ** 20, 'x')
    const slow = await proxy.inject({ kind: 'throttle', bytesPerSecond: 2_000_000, direction: 'down' })
    expect(await user.getOrSet([1], () => 'loaded')).toBe('loaded')
    await until(() => cache.health().redis === 'away')
    await slow.lift()
    await until(() => cache.health().redis === 'open')
    const rejected: CacheEvent[] = []
    cache.on('frame-rejected', (event) => rejected.push(event))
    expect(await user.getOrSet([1], () => 'loaded again')).toBe('loaded again')
    await cache.drain()
    expect(rejected).toHaveLength(1)
    expect(await stage.redis.command('STRLEN', key as string)).toBeLessThan(1_000)
  })
})

describe('loud, and not too loud', () => {
  test('a connection that comes and goes is told six times a minute, and the log never ends with the wrong word', () => {
    let now = 0
    const log = new LogRecorder('warn')
    const telemetry = new Telemetry({ namespace: 'test', logger: log, now: () => now })
    const flap = () => {
      telemetry.emit({ type: 'redis-lost', reason: 'reset', cause: undefined })
      telemetry.emit({ type: 'redis-recovered', downFor: 100, replayed: 0 })
    }
    for (let time = 0; time < 50; time++, now += 1_000) flap()
    expect(log.messages('warn')).toHaveLength(12)
    expect(log.messages('warn').at(-1)).toBe('granary: redis recovered')

    telemetry.emit({ type: 'redis-lost', reason: 'reset', cause: undefined })
    expect(log.messages('warn')).toHaveLength(12)
    now += 60_000
    telemetry.emit({ type: 'redis-awaited', reason: 'refused', since: 0, cause: undefined })
    telemetry.emit({ type: 'redis-recovered', downFor: 60_000, replayed: 0 })
    expect(log.messages('warn').slice(12)).toEqual(['granary: redis awaited', 'granary: redis recovered'])
  })

  test('a reason that changes while Redis is away is told, and health() names the last one', async () => {
    const log = new LogRecorder('warn')
    const cache = await stage.node({ logger: log })
    await stage.redis.config.set('requirepass', 'secret')
    await stage.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await stage.redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
    await until(() => cache.health().reason === 'auth')
    expect(log.lines.map(({ message, fields }) => `${message}: ${fields['reason']}`)).toEqual([
      'granary: redis lost: reset',
      'granary: redis awaited: auth',
    ])
    await stage.redis.config.set('requirepass', '')
    await until(() => cache.health().redis === 'open')
  })
})

describe('advice on maxmemory-policy', () => {
  test.for([
    ['noeviction', /nothing new is stored/],
    ['allkeys-lru', /evict the namespace metadata/],
  ] as const)('a bounded server under %s: one warning', async ([rule, advice]) => {
    await stage.redis.config.set('maxmemory', '100mb')
    await stage.redis.config.set('maxmemory-policy', rule)
    const log = new LogRecorder('warn')
    const cache = await stage.node({ logger: log })
    await until(() => log.lines.length > 0)
    expect(log.lines.map(({ fields }) => fields['advice'])).toEqual([expect.stringMatching(advice)])
    await stage.redis.config.set('maxmemory', 0)
    await stage.redis.config.set('maxmemory-policy', 'noeviction')
    await cache.close()
  })

  test('nothing is said of a server without a bound, with a volatile policy, or that tells neither', () => {
    expect(memoryAdvice('maxmemory:0\r\nmaxmemory_policy:noeviction\r\n')).toBeUndefined()
    expect(memoryAdvice('maxmemory:1000\r\nmaxmemory_policy:volatile-lfu\r\n')).toBeUndefined()
    expect(memoryAdvice('used_memory:1000\r\n')).toBeUndefined()
  })
})
