/** No usable Redis server program was found, and it could not be installed. The message says how to get one. */
export declare class RedisServerMissing extends Error {
  readonly code: 'REDIS_SERVER_MISSING'
  constructor(message: string, cause?: unknown)
}

/** Where to look for a Redis server program, and whether one may be installed. */
export interface EnsureRedisServerOptions {
  /** The folders to search, as in the environment variable; default: the PATH of this process. */
  readonly path?: string
  /** Whether a missing server may be installed; default: true. */
  readonly install?: boolean
}

/** The first `redis-server` (or else `valkey-server`) in `path`, as a full file name, or undefined. */
export declare function findRedisServer(path?: string): string | undefined

/**
 * Finds a Redis server program, installing Debian's or Ubuntu's package first when there is none and this process is root.
 * No service is started, and nothing but the package stays behind. Several processes may call it at once.
 *
 * @returns the full file name of the program
 * @throws {@link RedisServerMissing} with one line that says how to get it
 */
export declare function ensureRedisServer(options?: EnsureRedisServerOptions): Promise<string>
