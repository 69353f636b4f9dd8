import type { OpenPeer } from './peer.ts'

/** Memory, Redis through Keyv, and its synchronisation of memories. */
export const openCacheable: OpenPeer = async ({ namespace, host, port }) => {
  const { Cacheable } = await import('cacheable')
  const { createKeyv } = await import('@keyv/redis')
  const { RedisMessageProvider } = await import('@qified/redis')
  const secondary = createKeyv(`redis://${host}:${port}`, { namespace })
  const qified = new RedisMessageProvider({ uri: `redis://${host}:${port}` })
  const cache = new Cacheable({ secondary, namespace, sync: { qified, namespace } })
  secondary.on('error', () => {})
  cache.on('error', () => {})
  return {
    getOrSet: async ({ key, ttl }, load) => (await cache.getOrSet(key, load, { ttl, throwErrors: true })) as never,
    set: ({ key, ttl }, value) => cache.set(key, value, ttl),
    delete: ({ key }) => cache.delete(key),
    clear: () => cache.clear(),
    close: () => cache.disconnect(),
  }
}
