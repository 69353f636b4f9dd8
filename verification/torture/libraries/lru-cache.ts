import type { OpenPeer } from './peer.ts'

/** Memory only: other processes hear nothing of an invalidation. */
export const openLruCache: OpenPeer = async () => {
  const { LRUCache } = await import('lru-cache')
  const cache = new LRUCache<string, object, () => Promise<object>>({
    max: 10_000,
    fetchMethod: (_key, _stale, { context }) => context(),
  })
  return {
    getOrSet: async ({ key, ttl }, load) =>
      ((await cache.fetch(key, { context: load as never, ttl })) ?? (await load())) as never,
    set: async ({ key, ttl }, value) => cache.set(key, value as object, { ttl }),
    delete: async ({ key }) => cache.delete(key),
    clear: async () => cache.clear(),
    close: async () => {},
  }
}
