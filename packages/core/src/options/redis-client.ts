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

/** ioredis options, as far as Granary reads them; everything else is passed on. */
export type RedisOptions = Readonly<Record<string, unknown>>

/** Where Redis is: a URL, ioredis options, an ioredis client, or `'env'` for the `REDIS_*` variables. */
export type RedisInput = string | RedisOptions | RedisLike

/** Makes connections with the cache's own settings, for packages that need one of their own. */
export interface RedisHandle {
  readonly kind: 'single'
  /** A new ioredis client, not yet connected, that never queues, resends or reconnects by itself. */
  duplicate(overrides?: object): Promise<RedisLike>
}

/** Where Redis is and how connections to it are made. */
export interface ConnectionPlan {
  /** A new client, not yet connected. */
  readonly makeClient: (overrides?: object) => Promise<RedisLike>
  /** How many connections this process may have, or undefined for no bound of ours. */
  readonly maxConnections: number | undefined
  /** Connect and silence limits in milliseconds; undefined leaves the defaults. */
  readonly connectTimeout: number | undefined
  readonly socketTimeout: number | undefined
  readonly retryOnTimeout: boolean
}
