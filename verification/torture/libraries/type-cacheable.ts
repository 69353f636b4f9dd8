import type { OpenPeer, PeerEntry } from './peer.ts'
import { redisOf } from './redis.ts'

/** Redis only, through the client that its adapter for ioredis would make (the adapter wants ioredis 5). */
export const openTypeCacheable: OpenPeer = async ({ namespace, host, port }) => {
  const { Cacheable } = await import('@type-cacheable/core')
  const redis = redisOf({ host, port })
  const at = (key: string) => `${namespace}:${key}`
  const client = {
    get: async (key: string) => JSON.parse((await redis.get(at(key))) ?? 'null') ?? undefined,
    set: (key: string, value: unknown, ttl = 30) => redis.set(at(key), JSON.stringify(value), 'EX', Math.max(1, ttl)),
    del: (keys: string | string[]) => redis.del(...[keys].flat().map(at)),
    keys: (pattern: string) => redis.keys(at(pattern)),
    delHash: async () => 0,
    getClientTTL: () => 30,
  }
  class Rows {
    async row(_: PeerEntry, load: () => Promise<unknown>): Promise<unknown> {
      return load()
    }
  }
  const method = Object.getOwnPropertyDescriptor(Rows.prototype, 'row') as PropertyDescriptor
  const decorate = Cacheable({
    client: client as never,
    cacheKey: ([entry]) => entry.key,
    ttlSeconds: ([entry]) => Math.ceil(entry.ttl / 1_000),
  })
  Object.defineProperty(Rows.prototype, 'row', decorate(Rows.prototype, 'row', method) ?? method)
  const rows = new Rows()
  return {
    getOrSet: (entry, load) => rows.row(entry, load) as never,
    set: ({ key, ttl }, value) => client.set(key, value, Math.ceil(ttl / 1_000)),
    delete: ({ key }) => client.del(key),
    close: async () => redis.disconnect(),
  }
}
