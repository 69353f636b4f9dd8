const BRAND = Symbol.for('granary.error')

/** Every code that an error of this package can carry. */
export type GranaryErrorCode =
  | 'INVALID_OPTION'
  | 'NAME_TAKEN'
  | 'MISSING_PEPPER'
  | 'RECURSIVE_LOAD'
  | 'LOAD_TIMEOUT'
  | 'NO_ACTIVE_LOAD'
  | 'NOTHING_TO_KEEP'
  | 'CACHE_CLOSED'
  | 'REDIS_UNAVAILABLE'
  | 'INVALIDATION_NOT_DELIVERED'
  | 'BATCH_MISMATCH'

/**
 * The base of Granary's own errors. A loader's error is never one of these: it reaches the caller as it was thrown.
 *
 * Use {@link GranaryError.isInstance} rather than `instanceof`: it also recognises errors of a second copy of the package.
 */
export class GranaryError extends Error {
  /** What went wrong, as a stable literal: one of core's, or of a package that builds on it. */
  readonly code: GranaryErrorCode | Uppercase<string>
  /** The entry key in its safe form (secrets digested), where the error concerns one entry. */
  readonly key: string | undefined

  constructor(
    code: GranaryErrorCode | Uppercase<string>,
    message: string,
    details: { key?: string; cause?: unknown } = {},
  ) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    this.name = new.target.name
    this.code = code
    this.key = details.key
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** Whether `error` was made by any copy of Granary. */
  static isInstance(error: unknown): error is GranaryError {
    return typeof error === 'object' && error !== null && BRAND in error
  }
}

/** An option, environment variable or argument that cannot be used. The message names it, its value and what is allowed. */
export class InvalidOption extends GranaryError {
  constructor(option: string, value: unknown, allowed: string) {
    super('INVALID_OPTION', `${option}: ${describe(value)} is not allowed; ${allowed}.`)
  }
}

/** Two different policies were defined under one name: a name is the key prefix, so they would read each other's entries. */
export class NameTaken extends GranaryError {
  constructor(name: string) {
    super(
      'NAME_TAKEN',
      `The name '${name}' is already defined with another policy; choose another name, or pass { replace: true } when this one supersedes it.`,
    )
  }
}

/** A name has secret arguments, Redis is configured, and there is no pepper to digest them with. */
export class MissingPepper extends GranaryError {
  constructor(name: string) {
    super(
      'MISSING_PEPPER',
      `'${name}' has secret arguments: give createCache({ pepper }) or GRANARY_PEPPER at least 16 bytes, the same in every process.`,
    )
  }
}

/** A load asked, directly or through others, for the very entry it is loading. */
export class RecursiveLoad extends GranaryError {
  /** The entries being loaded, outermost first; the last one is the first one again. */
  readonly chain: readonly string[]

  constructor(chain: readonly string[]) {
    super(
      'RECURSIVE_LOAD',
      `A load waits for itself: ${chain.join(' -> ')}. Call the undecorated method, or break the cycle.`,
      {
        ...(chain.length > 0 ? { key: chain[chain.length - 1] as string } : {}),
      },
    )
    this.chain = chain
  }
}

/** A load ran longer than its `hardTimeout`; its `AbortSignal` has fired. */
export class LoadTimeout extends GranaryError {
  constructor(key: string, milliseconds: number) {
    super('LOAD_TIMEOUT', `Loading ${key} took longer than its hardTimeout of ${milliseconds} ms.`, { key })
  }
}

/** `currentLoad()` was called outside of a loader. */
export class NoActiveLoad extends GranaryError {
  constructor() {
    super('NO_ACTIVE_LOAD', 'currentLoad() works only inside a loader, while it runs for the cache.')
  }
}

/** A loader said `notModified()` although there is no value that could be kept. */
export class NothingToKeep extends GranaryError {
  constructor(key: string) {
    super(
      'NOTHING_TO_KEEP',
      `The loader of ${key} called notModified(), but nothing is stored: ask for currentLoad().stale first.`,
      { key },
    )
  }
}

/** The cache was closed and can no longer write or invalidate. */
export class CacheClosed extends GranaryError {
  constructor() {
    super(
      'CACHE_CLOSED',
      'This cache is closed: invalidations and writes need an open one. Reads go straight to their loader.',
    )
  }
}

/** Redis could not answer: away, too slow for the call's budget, or refusing the command. */
export class RedisUnavailable extends GranaryError {
  /** Why, as a closed vocabulary for metrics. */
  readonly reason: RedisFailure

  constructor(reason: RedisFailure, cause?: unknown) {
    super('REDIS_UNAVAILABLE', `Redis cannot be used now (${reason}).`, cause === undefined ? {} : { cause })
    this.reason = reason
  }
}

/** Why a command did not succeed. */
export type RedisFailure =
  | 'shut'
  | 'refused'
  | 'reset'
  | 'deadline'
  | 'overload'
  | 'readonly'
  /** The slot is served elsewhere, on its way, or by nobody. */
  | 'moved'
  | 'loading'
  | 'busy'
  | 'oom'
  | 'auth'
  | 'database'
  | 'wrongtype'
  | 'protocol'
  | 'dns'
  | 'tls'
  | 'error'

/** An invalidation with `required: true` could not be delivered to Redis. It holds in this process and stays queued. */
export class InvalidationNotDelivered extends GranaryError {
  constructor(cause?: unknown) {
    super(
      'INVALIDATION_NOT_DELIVERED',
      'Redis did not take this invalidation: it holds in this process and is queued for the others. Retry, or refuse the operation that needed it.',
      cause === undefined ? {} : { cause },
    )
  }
}

/** A batch loader answered with something that cannot be matched to the arguments it was given. */
export class BatchMismatch extends GranaryError {
  constructor(name: string, asked: number, answered: string) {
    super(
      'BATCH_MISMATCH',
      `The batch loader of '${name}' was asked for ${asked} values and answered with ${answered}; return an array of the same length and order, or a Map by argument.`,
    )
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`
  if (typeof value === 'function') return `function ${value.name || '(anonymous)'}`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
