import type { Sealer } from '@granary/serialization'

/** The part of an ioredis client (5.4 or newer) that Granary uses: any object of this shape will do. */
export interface RedisLike {
  readonly status: string
  /** A new client with the same settings but for `override`. */
  duplicate(override?: object): RedisLike
  /** Connects; used once on each duplicate. */
  connect(): Promise<void>
  /** Closes at once. */
  disconnect(reconnect?: boolean): void
  /** Sends a command and answers with raw bytes. */
  callBuffer(command: string, args: readonly (string | Uint8Array | number)[]): Promise<unknown>
  /** Listens to `error`, `end` and `messageBuffer`. */
  on(event: string, listener: (...args: never[]) => void): unknown
  /** Stops listening. */
  removeAllListeners(event?: string): unknown
}

/**
 * Options of an ioredis client, by their own names: they are passed on as they are. At least one of `host`, `port`, `path` and
 * `sentinels` says where Redis is.
 */
export interface RedisOptions extends Readonly<Partial<Record<OtherClientOption, unknown>>> {
  /** Default: `'localhost'`, when there is a `port`. */
  readonly host?: string | undefined
  /** Default: 6379, when there is a `host`. */
  readonly port?: number | undefined
  /** A Unix socket, instead of host and port. */
  readonly path?: string | undefined
  /** The number of the database. Default: 0. */
  readonly db?: number | undefined
  /** Who logs in, where the server knows several (ACL). */
  readonly username?: string | undefined
  /** With what. */
  readonly password?: string | undefined
  /** Options of Node's `tls.connect`; an empty object suffices. */
  readonly tls?: object | undefined
  /** Where sentinels listen that know the master of the group {@link RedisOptions.name}. */
  readonly sentinels?: readonly Partial<NodeAddress>[] | null | undefined
  /** The group of servers that the sentinels watch. */
  readonly name?: string | undefined
  /** What the server calls the connections (`CLIENT LIST`). */
  readonly connectionName?: string | undefined
  /** How long connecting may take, in milliseconds. */
  readonly connectTimeout?: number | undefined
}

/** The name of an option of an ioredis client. */
export type ClientOption = keyof RedisOptions

/** Options that are passed on, or refused for a reason, whatever their type. */
type OtherClientOption =
  | 'Connector'
  | 'autoPipeliningIgnoredCommands'
  | 'autoResendUnfulfilledCommands'
  | 'autoResubscribe'
  | 'blockingTimeout'
  | 'blockingTimeoutGrace'
  | 'clientInfoTag'
  | 'commandQueue'
  | 'commandTimeout'
  | 'disableClientInfo'
  | 'disconnectTimeout'
  | 'enableAutoPipelining'
  | 'enableOfflineQueue'
  | 'enableReadyCheck'
  | 'enableTLSForSentinelMode'
  | 'failoverDetector'
  | 'family'
  | 'himportFieldsets'
  | 'keepAlive'
  | 'keyPrefix'
  | 'lazyConnect'
  | 'maxLoadingRetryTime'
  | 'maxRetriesPerRequest'
  | 'monitor'
  | 'natMap'
  | 'noDelay'
  | 'offlineQueue'
  | 'preferredSlaves'
  | 'protocol'
  | 'readOnly'
  | 'reconnectOnError'
  | 'replyMapping'
  | 'retryStrategy'
  | 'role'
  | 'scripts'
  | 'sentinelCommandTimeout'
  | 'sentinelMaxConnections'
  | 'sentinelPassword'
  | 'sentinelReconnectStrategy'
  | 'sentinelRetryStrategy'
  | 'sentinelTLS'
  | 'sentinelUsername'
  | 'showFriendlyErrorStack'
  | 'socketTimeout'
  | 'stringNumbers'
  | 'updateSentinels'

/** Where a node listens. */
export interface NodeAddress {
  readonly host: string
  readonly port: number
}

/** Other addresses for nodes that do not know their own, as ioredis takes them: a table by `host:port`, or a function. */
export type NatMap = Readonly<Record<string, NodeAddress>> | ((name: string) => NodeAddress | null | undefined)

/** What a client of one node says of where it is, if it says anything. */
export interface KnownAddress {
  readonly host?: string | undefined
  readonly port?: number | undefined
}

/** The part of an ioredis Cluster client (5.4 or newer) that Granary uses: any object of this shape will do. */
export interface ClusterLike {
  readonly isCluster: boolean
  readonly options: { readonly natMap?: NatMap | undefined }
  /** Clients of single nodes, as far as the cluster is known. */
  nodes(role?: 'all' | 'master' | 'slave'): readonly (RedisLike & { readonly options: KnownAddress })[]
  /** A new client with the same nodes and settings but for `options`. */
  duplicate(nodes?: never[], options?: object): ClusterLike
  /** Connects; used once on each duplicate. */
  connect(): Promise<void>
  /** Closes at once. */
  disconnect(): void
  /** Listens to `error` and to news of nodes. */
  // biome-ignore lint/suspicious/noExplicitAny: as ioredis declares it; with never[] its own Cluster would not be one
  on(event: string, listener: (...args: any[]) => void): unknown
}

/**
 * Nodes of a Redis Cluster: some of them suffice, the others are found. Beside `cluster` and `natMap` it takes the ioredis options
 * of every node, such as `username`, `password` and `tls`.
 */
export interface ClusterNodes extends RedisOptions {
  /** URLs, or hosts and ports. */
  readonly cluster: readonly (string | NodeAddress)[]
  readonly natMap?: NatMap
}

/** Where Redis is: a URL, ioredis options, nodes of a cluster, an ioredis client, or `'env'` for the `REDIS_*` variables. */
export type RedisInput = string | RedisOptions | ClusterNodes | RedisLike | ClusterLike

/** Makes connections with the cache's own settings, for packages that need one of their own. */
export interface RedisHandle {
  /** `cluster`: {@link RedisHandle.duplicate} makes a client that finds the node of a key by itself. */
  readonly kind: 'single' | 'cluster'
  /** Seals what is kept beside the cache as the cache seals its values; undefined when it has no `encrypt` keys. */
  readonly sealer?: Sealer
  /** A new ioredis client, not yet connected, that never queues, resends or reconnects by itself. */
  duplicate(overrides?: object): Promise<RedisLike>
}

/** Where something beside a cache has its connections from: `cache.redis`, or whatever a cache takes as `redis`. */
export type RedisSource = RedisHandle | RedisInput

/** How the nodes of a cluster are reached. */
export interface ClusterPlan {
  /** Addresses of some nodes. */
  readonly seeds: () => Promise<readonly NodeAddress[]>
  /** A new client for one node, not yet connected. */
  readonly makeNode: (address: NodeAddress, overrides?: object) => Promise<RedisLike>
  /** Where a node is reached that calls itself so. */
  readonly translate: (address: NodeAddress) => NodeAddress
}

/** Where Redis is and how connections to it are made. */
export interface ConnectionPlan {
  /** A new client, not yet connected; of a cluster, one for all its nodes. */
  readonly makeClient: (overrides?: object) => Promise<RedisLike>
  /** Undefined: one node, which Sentinel may name. */
  readonly cluster: ClusterPlan | undefined
  /** How many connections this process may have, or undefined for no bound of ours. */
  readonly maxConnections: number | undefined
  /** Connect and silence limits in milliseconds; undefined leaves the defaults. */
  readonly connectTimeout: number | undefined
  readonly socketTimeout: number | undefined
  readonly retryOnTimeout: boolean
}
