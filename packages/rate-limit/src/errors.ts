import { GranaryError, type GranaryErrorCode } from '@granary/core'
import type { Refused } from './limiter/decision.ts'

/** Every code of an error that only rate limits raise. Bad options are core's `INVALID_OPTION`, rival names its `NAME_TAKEN`. */
export type RateLimitErrorCode = 'RATE_LIMIT_EXCEEDED' | 'RATE_LIMIT_UNAVAILABLE' | 'RATE_LIMITER_CLOSED'

/** A call was refused. `decision` says why, and when to come back; answer 429, with `rateLimitHeaders(decision)`. */
export class RateLimitExceeded extends GranaryError {
  /** Everything that is known of the refusal. */
  readonly decision: Refused
  /** Milliseconds until the call can succeed; Infinity when it never can. */
  readonly retryAfterMs: number
  /** The limits that refused, by name; empty when a block or a deny list did. */
  readonly violated: readonly string[]

  constructor(decision: Refused) {
    super(code('RATE_LIMIT_EXCEEDED'), describe(decision))
    this.decision = decision
    this.retryAfterMs = decision.retryAfterMs
    this.violated = decision.violated
  }
}

/**
 * Whether the call is within its limits cannot be said: Redis is away, and the limit set is defined with
 * `onStoreFailure: 'closed'`, or asked to do what only Redis can. Answer 503, never 429.
 */
export class RateLimitUnavailable extends GranaryError {
  constructor(name: string, cause: unknown) {
    super(
      code('RATE_LIMIT_UNAVAILABLE'),
      `The limits of '${name}' cannot be decided: Redis did not answer in time. Retry, or define them with onStoreFailure: 'local'.`,
      { cause },
    )
  }
}

/** The rate limiter was closed and decides no more. */
export class RateLimiterClosed extends GranaryError {
  constructor(name: string) {
    super(code('RATE_LIMITER_CLOSED'), `The limits of '${name}' cannot be decided: their rate limiter is closed.`)
  }
}

function describe({ name, reason, violated, retryAfterMs }: Refused): string {
  const by =
    reason === 'limit'
      ? violated.map((limit) => `'${limit}'`).join(', ')
      : reason === 'denied'
        ? 'its deny list'
        : 'a block'
  const when =
    retryAfterMs === Number.POSITIVE_INFINITY ? 'Retrying cannot help' : `Retry in ${Math.ceil(retryAfterMs)} ms`
  return `A call of '${name}' was refused by ${by}. ${when}.`
}

/** Core's list of codes is its own; these extend it. */
function code(own: RateLimitErrorCode): GranaryErrorCode {
  return own as unknown as GranaryErrorCode
}
