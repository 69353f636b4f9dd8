import type { OpenPeer } from './peer.ts'

/** Memory and Redis as two stores; it has no means to tell other memories. */
export const openCacheManager: OpenPeer = async ({ namespace, host, port }) => {
  const { createCache } = await import('cache-manager')
  const { Keyv } = await import('keyv')
  const { createKeyv } = await import('@keyv/redis')
  const redis = createKeyv(`redis://${host}:${port}`, { namespace })
  redis.on('error', () => {})
  const cache = createCache({ stores: [new Keyv({ namespace }), redis] })
  return {
    getOrSet: ({ key, ttl }, load) => cache.wrap(key, load, ttl),
    set: ({ key, ttl }, value) => cache.set(key, value, ttl),
    delete: ({ key }) => cache.del(key),
    clear: () => cache.clear(),
    close: () => cache.disconnect(),
  }
}
