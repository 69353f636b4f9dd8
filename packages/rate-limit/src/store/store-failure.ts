/** Why Redis did not decide. It never leaves this package: callers see a local decision, or `RateLimitUnavailable`. */
export type StoreFailureReason =
  /** There is no connection. */
  | 'away'
  /** The deadline passed. */
  | 'deadline'
  /** The server has missed a deadline and has not been heard of since. */
  | 'silent'
  /** Too many commands are waiting. */
  | 'overload'
  /** The server does not know the script. */
  | 'noscript'
  /** The server, or the client, reported an error. */
  | 'error'

/** Errors after which the connection cannot be right again. */
const FATAL =
  /^(READONLY|LOADING|MASTERDOWN|NOAUTH|WRONGPASS|NOPERM|UNBLOCKED|CLUSTERDOWN)|Connection is closed|isn't writeable|ECONN|EPIPE/i

/** Redis could not answer. */
export class StoreFailure extends Error {
  readonly reason: StoreFailureReason
  /** Whether the connection is of no use any more. */
  readonly isFatal: boolean
  /** Whether another program keeps something else under the key. */
  readonly isForeign: boolean

  constructor(reason: StoreFailureReason, cause?: unknown) {
    super(`Redis did not decide (${reason}).`, cause === undefined ? undefined : { cause })
    this.name = 'StoreFailure'
    this.reason = reason
    this.isForeign = cause instanceof Error && cause.message.startsWith('WRONGTYPE')
    this.isFatal = cause instanceof Error && FATAL.test(`${cause.message} ${(cause as { code?: unknown }).code ?? ''}`)
  }

  /** What a client's error means. */
  static from(error: unknown): StoreFailure {
    if (error instanceof StoreFailure) return error
    const isNoScript = error instanceof Error && error.message.startsWith('NOSCRIPT')
    return new StoreFailure(isNoScript ? 'noscript' : 'error', error)
  }
}
