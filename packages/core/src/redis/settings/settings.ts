import { InvalidOption } from '../../errors.ts'
import type { ConnectionPlan, RedisInput, RedisLike, RedisOptions } from '../../options/redis-client.ts'
import { CONNECTION_SETTINGS } from '../connection/connection.ts'
import { readEnvironment } from './environment.ts'
import { checkUrl } from './url.ts'

/**
 * Reads what the user gave as `redis`.
 *
 * @throws InvalidOption naming what cannot be used.
 */
export function planConnections(input: RedisInput, environment: NodeJS.ProcessEnv): ConnectionPlan {
  if (isClient(input)) return { ...PLAIN, makeClient: async (overrides) => duplicateOf(input, overrides) }
  if (input === 'env') {
    const { url, options, ...rest } = readEnvironment(environment)
    return { ...rest, makeClient: fromOptions(url, options) }
  }
  if (typeof input === 'string') {
    checkUrl(input, 'redis')
    return { ...PLAIN, makeClient: fromOptions(input, {}) }
  }
  if (typeof input !== 'object' || input === null) {
    throw new InvalidOption('redis', input, "it is a URL, ioredis options, an ioredis client or 'env'")
  }
  return { ...PLAIN, makeClient: fromOptions(undefined, input as RedisOptions) }
}

const PLAIN = {
  maxConnections: undefined,
  connectTimeout: undefined,
  socketTimeout: undefined,
  retryOnTimeout: false,
} as const

function isClient(input: RedisInput): input is RedisLike {
  return typeof input === 'object' && input !== null && typeof (input as RedisLike).duplicate === 'function'
}

function duplicateOf(client: RedisLike, overrides: object = {}): RedisLike {
  if ((client as { isCluster?: boolean }).isCluster) {
    throw new InvalidOption('redis', client, 'a Cluster client is not supported yet; give a single node or Sentinel')
  }
  return client.duplicate({ ...CONNECTION_SETTINGS, ...overrides })
}

/** ioredis is imported only here, and only when a cache really has a Redis. */
function fromOptions(url: string | undefined, options: RedisOptions): ConnectionPlan['makeClient'] {
  return async (overrides = {}) => {
    const { Redis } = await import('ioredis')
    const all = { ...options, ...CONNECTION_SETTINGS, ...overrides }
    return (url === undefined ? new Redis(all) : new Redis(url, all)) as unknown as RedisLike
  }
}
