/** Refusals as problem details (RFC 9457), of the types that the RateLimit draft registers. */
import { RateLimitExceeded } from '../errors.ts'
import type { Refused } from '../limiter/decision.ts'
import { type HeaderOptions, rateLimitHeaders } from './headers.ts'

/** A response to a call that was not served. */
export interface RateLimitProblem {
  /** 429 for a refusal, 503 when the limits could not be decided. */
  readonly status: 429 | 503
  /** `Content-Type` and the fields of `rateLimitHeaders`. */
  readonly headers: Record<string, string>
  readonly body: ProblemBody
}

/** The body of a {@link RateLimitProblem}, to be written as JSON. */
export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: 429 | 503
  /** The limits that refused, by name. */
  readonly 'violated-policies': readonly string[]
}

const TYPES = 'https://iana.org/assignments/http-problem-types#'

/** Seconds after which a client may ask again when the limits could not be decided. */
const SOON = '1'

/**
 * The response to a refused call, or to a `RateLimitUnavailable`.
 *
 * ```ts
 * const { status, headers, body } = rateLimitProblem(error)
 * response.writeHead(status, headers).end(JSON.stringify(body))
 * ```
 */
export function rateLimitProblem(
  refusal: Refused | RateLimitExceeded | Error,
  options: HeaderOptions = {},
): RateLimitProblem {
  const decision = decisionIn(refusal)
  const headers = { 'Content-Type': 'application/problem+json' }
  if (decision === undefined) {
    const body = {
      type: `${TYPES}temporary-reduced-capacity`,
      title: 'Temporary reduced capacity',
      status: 503,
      'violated-policies': [],
    } as const
    return { status: 503, headers: { ...headers, 'Retry-After': SOON }, body }
  }
  const isQuota = decision.reason === 'limit'
  const body: ProblemBody = {
    type: TYPES + (isQuota ? 'quota-exceeded' : 'abnormal-usage-detected'),
    title: isQuota ? 'Quota exceeded' : 'Abnormal usage detected',
    status: 429,
    'violated-policies': decision.violated,
  }
  return { status: 429, headers: { ...headers, ...rateLimitHeaders(decision, options) }, body }
}

function decisionIn(refusal: Refused | RateLimitExceeded | Error): Refused | undefined {
  if (!(refusal instanceof Error)) return refusal
  return refusal instanceof RateLimitExceeded ? refusal.decision : undefined
}
