import { setTimeout as wait } from 'node:timers/promises'
import {
  expectQuiet,
  type FaultProxy,
  type RedisServer,
  type StartRedisOptions,
  startFaultProxy,
  startRedis,
} from '@granary/testing'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { type Cache, type CacheOptions, createCache, type RedisTierOptions } from '../../src/index.ts'
import { SILENT } from './log-recorder.ts'

/** Options of one process's cache; `redis` says how the stage's server is used. */
export type NodeOptions = Omit<CacheOptions, 'redis'> & { readonly redis?: Partial<RedisTierOptions> }

/** A real Redis server of one test file, and the caches of the test that is running. */
export class RedisStage {
  /** Which server runs; started before the first test. */
  redis!: RedisServer
  /** Differs from test to test, so that none finds what another left. */
  namespace = ''
  readonly #nodes: Cache[] = []
  readonly #proxies: FaultProxy[] = []

  /** A cache as another process would have it, ready to use. */
  async node(options: NodeOptions = {}): Promise<Cache> {
    const cache = this.unready(options)
    await cache.ready()
    return cache
  }

  /** The same without waiting for the connection. */
  unready({ redis = {}, ...options }: NodeOptions = {}): Cache {
    const cache = createCache({
      namespace: this.namespace,
      logger: SILENT,
      ...options,
      redis: { client: this.redis.url, ...redis },
    })
    this.#nodes.push(cache)
    return cache
  }

  /** A proxy in front of the server, and a cache that reaches it only through that proxy. */
  async proxied(options: NodeOptions = {}): Promise<{ readonly cache: Cache; readonly proxy: FaultProxy }> {
    const proxy = await this.proxy()
    const cache = await this.node({ ...options, redis: { ...options.redis, client: proxy.url } })
    return { cache, proxy }
  }

  /** A proxy in front of the server; stopped when the test ends. */
  async proxy(): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ target: this.redis })
    this.#proxies.push(proxy)
    return proxy
  }

  /** Ends a test: everything is healed, nothing may still be going on, and everything is closed. */
  async endTest(): Promise<void> {
    const [nodes, proxies] = [this.#nodes.splice(0), this.#proxies.splice(0)]
    await Promise.all(proxies.map((proxy) => proxy.heal()))
    try {
      for (const cache of nodes) await expectNothingLeft(cache)
    } finally {
      await Promise.all(nodes.map((cache) => cache.close()))
      await Promise.all(proxies.map((proxy) => proxy.stop()))
    }
  }
}

/** Nothing goes on inside, and nothing waits for Redis, unless the cache was closed before it could be sent. */
export async function expectNothingLeft(cache: Cache): Promise<void> {
  await cache.drain()
  const closed = cache.health().status === 'closed'
  await until(() => closed || cache.inspect().queued === 0)
  expectQuiet(closed ? { inspect: () => ({ ...cache.inspect(), queued: 0 }) } : cache)
}

/** Starts one server for the tests of a file, and ends every test quietly. */
export function useRedis(options: StartRedisOptions = {}): RedisStage {
  const stage = new RedisStage()
  let tests = 0
  beforeAll(async () => {
    stage.redis = await startRedis(options)
  })
  beforeEach(() => {
    stage.namespace = `test-${++tests}`
  })
  afterEach(() => stage.endTest())
  afterAll(() => stage.redis.stop())
  return stage
}

/** Resolves when `fact` holds; it is asked every few milliseconds, for five seconds at most. */
export async function until(fact: () => boolean | Promise<boolean>, patience = 5_000): Promise<void> {
  const giveUpAt = performance.now() + patience
  while (!(await fact())) {
    if (performance.now() > giveUpAt) throw new Error(`Still not so after ${patience} ms: ${fact}`)
    await wait(5)
  }
}

let marks = 0

/** Resolves when the bus has brought everything that `from` has said so far to each of `others`. */
export async function delivered(from: Cache, ...others: readonly Cache[]): Promise<void> {
  const mark = `mark-${++marks}`
  const arrivals = others.map(
    (other) =>
      new Promise<void>((resolve) => {
        const stop = other.on('invalidation-received', ({ targets }) => {
          if (!targets.names.includes(mark)) return
          stop()
          resolve()
        })
      }),
  )
  await from.clear(mark)
  await Promise.all(arrivals)
}

/** How many milliseconds a piece of work took. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
