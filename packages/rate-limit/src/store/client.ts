/** Where connections come from: the cache's settings, a client that the application has, or a URL. */
import { InvalidOption, type RedisHandle, type RedisLike } from '@granary/core'

/** The Redis of a rate limiter: `cache.redis`, an ioredis client (Cluster included; it is duplicated, never used itself), or a URL. */
export type RateLimiterRedis = RedisHandle | RedisLike | string

/**
 * Settings of the limiter's connection, whatever the application's client says. Nothing is queued and nothing is sent again:
 * a charge that is sent twice counts twice.
 */
const SETTINGS = {
  lazyConnect: true,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoPipelining: false,
  enableReadyCheck: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  // A sentinel that does not answer is passed over; when none does, the attempt has failed, and the next one is ours.
  sentinelCommandTimeout: 250,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
  keyPrefix: '',
  protocol: 2,
} as const

/** As long as a connection attempt may take, in milliseconds. */
const CONNECT_TIMEOUT = 1_000

/**
 * How to make a client that is not connected yet.
 *
 * @throws InvalidOption for anything else.
 */
export function clientMaker(redis: RateLimiterRedis): () => Promise<RedisLike> {
  const settings = { ...SETTINGS, connectTimeout: CONNECT_TIMEOUT }
  if (typeof redis === 'string') {
    return async () => {
      const { Redis } = await import('ioredis')
      return new Redis(redis, settings) as unknown as RedisLike
    }
  }
  if (typeof redis !== 'object' || redis === null || typeof redis.duplicate !== 'function') {
    throw new InvalidOption(
      'redis',
      redis,
      `it is cache.redis, an ioredis client or a URL; leave it out for memory only`,
    )
  }
  if (!('callBuffer' in redis)) return () => redis.duplicate({ connectTimeout: CONNECT_TIMEOUT })
  if ((redis as { isCluster?: boolean }).isCluster === true)
    return async () => duplicateCluster(redis as RedisLike & ClusterLike, settings)
  return async () => redis.duplicate(settings)
}

interface ClusterLike {
  duplicate(nodes: undefined, options: object): RedisLike
}

function duplicateCluster(cluster: ClusterLike, settings: object): RedisLike {
  return cluster.duplicate(undefined, {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    clusterRetryStrategy: () => null,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    keyPrefix: '',
    redisOptions: settings,
  })
}
