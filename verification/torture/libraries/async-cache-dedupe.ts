import type { OpenPeer } from './peer.ts'
import { redisOf } from './redis.ts'

/** Redis only, with its references for tags. It has no `set`: a deletion and a call whose load is the value. */
export const openAsyncCacheDedupe: OpenPeer = async ({ host, port }) => {
  const { createCache } = await import('async-cache-dedupe')
  const client = redisOf({ host, port })
  interface Asked {
    readonly key: string
    readonly ttl: number
    readonly tags: readonly string[]
    readonly load: () => Promise<unknown>
  }
  const cache = createCache({
    storage: { type: 'redis', options: { client: client as never, invalidation: { referencesTTL: 60 } } },
  }).define(
    'row',
    {
      ttl: 30,
      serialize: ({ key }: Asked) => key,
      references: ({ tags }: Asked) => [...tags],
    },
    ({ load }: Asked) => load(),
  )
  const call = (asked: Asked) => (cache as unknown as { row(asked: Asked): Promise<never> }).row(asked)
  const drop = (key: string) => cache.clear('row', { key })
  return {
    getOrSet: (entry, load) => call({ ...entry, load }),
    set: async (entry, value) => {
      await drop(entry.key)
      await call({ ...entry, load: async () => value })
    },
    delete: ({ key }) => drop(key),
    deleteByTag: (tags) => cache.invalidateAll([...tags]),
    clear: () => cache.clear(),
    close: async () => client.disconnect(),
  }
}
