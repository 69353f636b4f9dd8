/** The nine limits of an API key, each written down: a minute is never derived from an hour. */
export interface RateLimits {
  readonly requestsPerMinute: number
  readonly requestsPerHour: number
  readonly requestsPerDay: number
  readonly tokensPerMinute: number
  readonly tokensPerHour: number
  readonly tokensPerDay: number
  readonly burstLimit: number
  readonly concurrencyLimit: number
  /** Seconds. */
  readonly windowSize: number
}

/** The limits of a key without a configuration of its own. */
export const DEFAULT_RATE_LIMITS: RateLimits = {
  requestsPerMinute: 250,
  requestsPerHour: 1_000,
  requestsPerDay: 10_000,
  tokensPerMinute: 10_000,
  tokensPerHour: 100_000,
  tokensPerDay: 1_000_000,
  burstLimit: 100,
  concurrencyLimit: 50,
  windowSize: 60,
}
