import { Redis } from 'ioredis'
import type { Home } from './library.ts'

/** A client with its defaults, as the libraries' own pages make one. */
export function redisOf({ host, port }: Pick<Home, 'host' | 'port'>): Redis {
  const redis = new Redis({ host, port })
  redis.on('error', () => {})
  return redis
}
