import type { OpenPeer } from './peer.ts'
import { redisOf } from './redis.ts'

/** Memory, Redis and its notifications: one loader for each life of an entry. */
export const openLayeredLoader: OpenPeer = async <V>({ namespace, host, port }: Parameters<OpenPeer>[0]) => {
  const { createNotificationPair, Loader, RedisCache } = await import('layered-loader')
  const [redis, publisherRedis] = [redisOf({ host, port }), redisOf({ host, port })]
  const subscribers: { disconnect(): void }[] = []
  const loads = new Map<string, () => Promise<V>>()
  const make = (ttlInMsecs: number) => {
    const consumerRedis = redisOf({ host, port })
    subscribers.push(consumerRedis)
    const { publisher, consumer } = createNotificationPair<V>({
      channel: `${namespace}-${ttlInMsecs}`,
      publisherRedis: publisherRedis as never,
      consumerRedis: consumerRedis as never,
    })
    return new Loader<V>({
      inMemoryCache: { cacheType: 'lru-map', maxItems: 10_000, ttlInMsecs },
      asyncCache: new RedisCache<V>(redis as never, { json: true, ttlInMsecs, prefix: `${namespace}-${ttlInMsecs}` }),
      notificationPublisher: publisher,
      notificationConsumer: consumer,
      dataSourceGetOneFn: (key: string) => (loads.get(key) as () => Promise<V>)(),
    })
  }
  const loaders = new Map<number, ReturnType<typeof make>>()
  const of = (ttl: number) => {
    const loader = loaders.get(ttl) ?? make(ttl)
    loaders.set(ttl, loader)
    return loader
  }
  return {
    getOrSet: async ({ key, ttl }, load) => {
      loads.set(key, load as never)
      return (await of(ttl).get(key)) as never
    },
    set: ({ key, ttl }, value) => of(ttl).forceSetValue(key, value as never),
    delete: ({ key, ttl }) => of(ttl).invalidateCacheFor(key),
    close: async () => {
      for (const client of [redis, publisherRedis, ...subscribers]) client.disconnect()
    },
  }
}
