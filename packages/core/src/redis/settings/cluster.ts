import { InvalidOption } from '../../errors.ts'
import type {
  ClusterLike,
  ClusterNodes,
  ClusterPlan,
  ConnectionPlan,
  NatMap,
  NodeAddress,
  RedisLike,
} from '../../options/redis-client.ts'
import { CONNECTION_SETTINGS } from '../connection/connection.ts'
import { checkClientOptions } from './client-options.ts'
import { checkUrl } from './url.ts'

type Plans = Pick<ConnectionPlan, 'makeClient'> & { readonly cluster: ClusterPlan }

/** Settings of a client for all nodes: it follows redirections, and leaves everything else to whoever uses it. */
const ALL_NODES = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: false,
  clusterRetryStrategy: () => null,
  retryDelayOnFailover: 0,
  retryDelayOnClusterDown: 0,
  keyPrefix: '',
} as const

/** How long a node may take to tell the slots to a client of the user's kind, in milliseconds; then the next one is asked. */
const DISCOVERY = 1_000

/** Plans connections by the user's own Cluster client, which is only asked and duplicated. */
export function planFromClient(client: ClusterLike): Plans {
  let template: RedisLike | undefined
  const known = async () => {
    const nodes = client.nodes('all')
    const found = nodes.length > 0 ? nodes : await discover(client)
    template = found[0] ?? template
    return found.flatMap(({ options: { host, port } }) => (host && port ? [{ host, port }] : []))
  }
  return {
    makeClient: async (overrides = {}) =>
      client.duplicate([], {
        ...ALL_NODES,
        redisOptions: { ...CONNECTION_SETTINGS, ...overrides },
      }) as unknown as RedisLike,
    cluster: {
      seeds: known,
      makeNode: async ({ host, port }, overrides = {}) => {
        if (template === undefined) await known()
        if (template === undefined) throw new Error('The cluster client knows no node.')
        return template.duplicate({ ...CONNECTION_SETTINGS, readOnly: false, ...overrides, host, port })
      },
      translate: (address) => mapped(client.options.natMap, address),
    },
  }
}

/** A client that has not connected yet knows no node: a copy of it looks for them, and is closed. */
async function discover(client: ClusterLike): Promise<ReturnType<ClusterLike['nodes']>> {
  const copy = client.duplicate([], { ...ALL_NODES, slotsRefreshTimeout: DISCOVERY })
  copy.on('error', () => {})
  try {
    await copy.connect()
    return [...copy.nodes('all')]
  } finally {
    copy.disconnect()
  }
}

/**
 * Plans connections by a list of nodes.
 *
 * @throws InvalidOption naming what cannot be used.
 */
export function planFromNodes({ cluster, natMap, ...options }: ClusterNodes): Plans {
  const nodes = Array.isArray(cluster) ? cluster.map(readNode) : []
  if (nodes.length === 0)
    throw new InvalidOption('redis.cluster', cluster, 'it is a list of URLs, or of { host, port }, with at least one')
  checkClientOptions(options, true)
  if (options.db !== undefined && options.db !== 0)
    throw new InvalidOption('redis.db', options.db, 'a cluster has database 0 alone')
  if (natMap !== undefined && typeof natMap !== 'function' && (typeof natMap !== 'object' || natMap === null))
    throw new InvalidOption('redis.natMap', natMap, "it is a table of addresses by 'host:port', or a function")
  const shared = { ...sharedByUrls(nodes), ...options }
  const addresses = nodes.map(({ address }) => address)
  return {
    makeClient: async (overrides = {}) => {
      const { Cluster } = await import('ioredis')
      const settings = {
        ...ALL_NODES,
        ...(natMap === undefined ? {} : { natMap: natMap as never }),
        redisOptions: { ...shared, ...CONNECTION_SETTINGS, ...overrides } as object,
      }
      return new Cluster([...addresses], settings) as unknown as RedisLike
    },
    cluster: {
      seeds: async () => addresses,
      makeNode: async ({ host, port }, overrides = {}) => {
        const { Redis } = await import('ioredis')
        return new Redis({
          ...(shared as object),
          ...CONNECTION_SETTINGS,
          ...overrides,
          host,
          port,
        }) as unknown as RedisLike
      },
      translate: (address) => mapped(natMap, address),
    },
  }
}

interface ListedNode {
  readonly address: NodeAddress
  /** What its URL says beside the address; undefined for a host and a port. */
  readonly shared: { readonly username?: string; readonly password?: string; readonly tls?: object } | undefined
}

function readNode(node: unknown): ListedNode {
  if (typeof node === 'string') {
    checkUrl(node, 'redis.cluster')
    const { hostname, port, pathname, username, password, protocol } = new URL(node)
    if (!['', '/', '/0'].includes(pathname))
      throw new InvalidOption('redis.cluster', pathname, 'a cluster has database 0 alone')
    return {
      address: { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? 6379 : Number(port) },
      shared: {
        ...(username === '' ? {} : { username: decodeURIComponent(username) }),
        ...(password === '' ? {} : { password: decodeURIComponent(password) }),
        ...(protocol === 'rediss:' ? { tls: {} } : {}),
      },
    }
  }
  const { host, port = 6379 } = (node ?? {}) as Partial<NodeAddress>
  if (typeof host !== 'string' || host === '' || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new InvalidOption('redis.cluster', node, 'a node is a URL, or { host, port }')
  return { address: { host, port }, shared: undefined }
}

/** Every node of a cluster is reached alike, those included that no URL names. */
function sharedByUrls(nodes: readonly ListedNode[]): object {
  const all = nodes.flatMap(({ shared }) => (shared === undefined ? [] : [shared]))
  const [first = {}] = all
  if (all.some((each) => JSON.stringify(each) !== JSON.stringify(first)))
    throw new InvalidOption('redis.cluster', 'these URLs', 'they all have the same user, password and protocol')
  return first
}

function mapped(natMap: NatMap | undefined, address: NodeAddress): NodeAddress {
  const name = `${address.host}:${address.port}`
  const other = typeof natMap === 'function' ? natMap(name) : natMap?.[name]
  return other ?? address
}
