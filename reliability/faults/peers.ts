import { createCache } from '@granary/core'
import { createKeyv } from '@keyv/redis'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisDriver } from 'bentocache/drivers/redis'
import { Cacheable } from 'cacheable'
import { Redis } from 'ioredis'
import { Loader, RedisCache } from 'layered-loader'

/** One library behind the same two calls: memory in front of Redis, set up as its own pages say, with its defaults. */
export interface Peer {
  get(id: number, load: () => Promise<number>): Promise<number>
  close(): Promise<unknown>
}

/** Where its Redis is. */
export interface PeerAddress {
  readonly host: string
  readonly port: number
}

const TTL = 600_000

/** The libraries that are compared, by name. */
export const PEERS: Readonly<Record<string, (address: PeerAddress) => Promise<Peer>>> = {
  granary: async ({ host, port }) => {
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    const cache = createCache({ namespace: 'compared', redis: `redis://${host}:${port}`, logger: silent })
    await cache.ready()
    const rows = cache.define<[number], number>('row', { ttl: '10m' })
    return { get: (id, load) => rows.getOrSet([id], load), close: () => cache.close() }
  },
  bentocache: async ({ host, port }) => {
    const redis = connected({ host, port })
    const store = bentostore()
      .useL1Layer(memoryDriver({ maxItems: 100_000 }))
      .useL2Layer(redisDriver({ connection: redis as never }))
    const bento = new BentoCache({ default: 'both', stores: { both: store } })
    return {
      get: (id, load) => bento.getOrSet({ key: `row:${id}`, ttl: TTL, factory: load }),
      close: async () => redis.disconnect(),
    }
  },
  'layered-loader': async ({ host, port }) => {
    const redis = connected({ host, port })
    const loads = new Map<string, () => Promise<number>>()
    const loader = new Loader<number>({
      inMemoryCache: { cacheType: 'lru-map', maxItems: 100_000, ttlInMsecs: TTL },
      asyncCache: new RedisCache<number>(redis as never, { json: true, ttlInMsecs: TTL, prefix: 'row' }),
      dataSources: [{ name: 'rows', get: (key: string) => (loads.get(key) as () => Promise<number>)() }] as never,
    })
    return {
      get: async (id, load) => {
        loads.set(String(id), load)
        return (await loader.get(String(id))) as number
      },
      close: async () => redis.disconnect(),
    }
  },
  cacheable: async ({ host, port }) => {
    const secondary = createKeyv(`redis://${host}:${port}`)
    secondary.on('error', () => {})
    const cache = new Cacheable({ secondary, ttl: TTL })
    cache.on('error', () => {})
    return {
      get: async (id, load) => (await cache.getOrSet(`row:${id}`, load, { ttl: TTL })) as number,
      close: () => Promise.race([cache.disconnect(), new Promise((resolve) => setTimeout(resolve, 500))]),
    }
  },
}

function connected({ host, port }: PeerAddress): Redis {
  const redis = new Redis({ host, port })
  redis.on('error', () => {})
  return redis
}
