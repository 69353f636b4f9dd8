import type { OpenPeer } from './peer.ts'
import { redisOf } from './redis.ts'

/** Redis only, through an adapter as its pages describe one. */
export const openCachified: OpenPeer = async ({ namespace, host, port }) => {
  const { cachified } = await import('@epic-web/cachified')
  const redis = redisOf({ host, port })
  const at = (key: string) => `${namespace}:${key}`
  const write = (key: string, entry: unknown, ttl: number) => redis.set(at(key), JSON.stringify(entry), 'PX', ttl)
  return {
    getOrSet: ({ key, ttl }, getFreshValue) =>
      cachified({
        key,
        ttl,
        getFreshValue,
        cache: {
          get: async (name) => JSON.parse((await redis.get(at(name))) ?? 'null'),
          set: (name, entry) => write(name, entry, ttl),
          delete: (name) => redis.del(at(name)),
        },
      }),
    set: ({ key, ttl }, value) => write(key, { metadata: { createdTime: Date.now(), ttl }, value }, ttl),
    delete: ({ key }) => redis.del(at(key)),
    close: async () => redis.disconnect(),
  }
}
