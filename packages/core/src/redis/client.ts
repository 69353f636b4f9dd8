/** The part of an ioredis client (5.4 or newer) that Granary uses: any object of this shape will do. */
export interface RedisLike {
  readonly status: string
  duplicate(override?: object): RedisLike
  connect(): Promise<void>
  disconnect(reconnect?: boolean): void
  callBuffer(command: string, args: readonly (string | Uint8Array | number)[]): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
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
