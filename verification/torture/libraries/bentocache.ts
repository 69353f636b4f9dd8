import type { OpenPeer } from './peer.ts'
import { redisOf } from './redis.ts'

/** Memory, Redis and its bus. */
export const openBentocache: OpenPeer = async ({ namespace, host, port }) => {
  const { BentoCache, bentostore } = await import('bentocache')
  const { memoryDriver } = await import('bentocache/drivers/memory')
  const { redisDriver, redisBusDriver } = await import('bentocache/drivers/redis')
  const connection = redisOf({ host, port })
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 10_000 }))
    .useL2Layer(redisDriver({ connection: connection as never }))
    .useBus(redisBusDriver({ connection: { host, port } }))
  const bento = new BentoCache({ default: 'both', prefix: namespace, stores: { both: store } })
  return {
    getOrSet: ({ key, ttl, tags }, factory) => bento.getOrSet({ key, ttl, tags: [...tags], factory }),
    set: ({ key, ttl, tags }, value) => bento.set({ key, value, ttl, tags: [...tags] }),
    delete: ({ key }) => bento.delete({ key }),
    deleteByTag: (tags) => bento.deleteByTag({ tags: [...tags] }),
    clear: () => bento.clear(),
    close: () => bento.disconnect(),
  }
}
