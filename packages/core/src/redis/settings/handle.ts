import { InvalidOption } from '../../errors.ts'
import type { RedisHandle, RedisSource } from '../../options/redis-client.ts'
import { planConnections } from './settings.ts'

/**
 * What makes connections with a cache's own settings, for whatever stands beside the cache and needs some of its own: they queue
 * nothing, send nothing twice, and never reconnect by themselves.
 *
 * @param redis Whatever `createCache` takes as `redis`, or a handle (`cache.redis`), which is answered as it is.
 * @param option What it is called in the error.
 * @throws InvalidOption for anything else.
 *
 * @example
 * ```ts
 * const client = await redisHandle('env').duplicate({ connectTimeout: 1_000 })
 * await client.connect()
 * client.disconnect()
 * ```
 */
export function redisHandle(redis: RedisSource | undefined, option = 'redis'): RedisHandle {
  if (isHandle(redis)) return redis
  if (redis === undefined)
    throw new InvalidOption(
      option,
      redis,
      "it is cache.redis of a cache that has a Redis, a URL, an ioredis client, ioredis options or 'env'",
    )
  const { makeClient, cluster } = planConnections(redis, process.env, option)
  return { kind: cluster === undefined ? 'single' : 'cluster', duplicate: makeClient }
}

function isHandle(redis: RedisSource | undefined): redis is RedisHandle {
  if (typeof redis !== 'object' || redis === null) return false
  const { kind, duplicate } = redis as Partial<RedisHandle>
  return typeof duplicate === 'function' && (kind === 'single' || kind === 'cluster')
}
