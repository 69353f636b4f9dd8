import { InvalidOption } from '../../errors.ts'
import type {
  ClusterLike,
  ClusterNodes,
  ConnectionPlan,
  RedisInput,
  RedisLike,
  RedisOptions,
} from '../../options/redis-client.ts'
import { CONNECTION_SETTINGS } from '../connection/connection.ts'
import { checkClientOptions, checkPlace } from './client-options.ts'
import { planFromClient, planFromNodes } from './cluster.ts'
import { readEnvironment } from './environment.ts'
import { checkUrl } from './url.ts'

/**
 * Reads what the user gave as `redis`.
 *
 * @param option - What it is called in errors.
 * @throws InvalidOption naming what cannot be used.
 */
export function planConnections(input: RedisInput, environment: NodeJS.ProcessEnv, option = 'redis'): ConnectionPlan {
  if (isClusterClient(input)) return { ...PLAIN, ...planFromClient(input) }
  if (isClient(input))
    return { ...PLAIN, makeClient: async (overrides) => input.duplicate({ ...CONNECTION_SETTINGS, ...overrides }) }
  if (input === 'env') {
    const { url, options, ...rest } = readEnvironment(environment)
    return { ...rest, cluster: undefined, makeClient: fromOptions(url, options) }
  }
  if (typeof input === 'string') {
    checkUrl(input, option)
    return { ...PLAIN, makeClient: fromOptions(input, {}) }
  }
  if (typeof input !== 'object' || input === null) {
    throw new InvalidOption(
      option,
      input,
      "it is a URL, ioredis options, { cluster: [nodes] }, an ioredis client or 'env'",
    )
  }
  if ('cluster' in input) return { ...PLAIN, ...planFromNodes(input as ClusterNodes) }
  checkClientOptions(input as RedisOptions, false)
  checkPlace(input as RedisOptions, option)
  return { ...PLAIN, makeClient: fromOptions(undefined, input as RedisOptions) }
}

const PLAIN = {
  cluster: undefined,
  maxConnections: undefined,
  connectTimeout: undefined,
  socketTimeout: undefined,
  retryOnTimeout: false,
} as const

function isClusterClient(input: RedisInput): input is ClusterLike {
  return typeof input === 'object' && input !== null && (input as Partial<ClusterLike>).isCluster === true
}

/** A client of another library can be duplicated too, and would then be away for ever. */
function isClient(input: RedisInput): input is RedisLike {
  if (typeof input !== 'object' || input === null || typeof (input as RedisLike).duplicate !== 'function') return false
  if (typeof (input as RedisLike).callBuffer === 'function') return true
  throw new InvalidOption('redis', input, 'a client is one of ioredis, 5.4 or newer; in place of another give its URL')
}

/** ioredis is imported only here and for clusters, and only when a cache really has a Redis. */
function fromOptions(url: string | undefined, options: RedisOptions): ConnectionPlan['makeClient'] {
  return async (overrides = {}) => {
    const { Redis } = (await import('ioredis')) as unknown as ClientModule
    const all = { ...options, ...CONNECTION_SETTINGS, ...overrides }
    return url === undefined ? new Redis(all) : new Redis(url, all)
  }
}

/** The client as it is used here: what its options are worth is checked before, not by its types. */
interface ClientModule {
  readonly Redis: new (...args: readonly (string | object)[]) => RedisLike
}
