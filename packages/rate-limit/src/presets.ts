/** Limits that a service with accounts and API keys starts from, by what they guard. */
import { bucket, concurrency, quota, window } from './limiter/limit.ts'

/** What one API key may do: requests and tokens per minute, hour and day, a burst, and calls at once. */
const API_KEY = {
  requestsPerMinute: window(250, '1m'),
  requestsPerHour: window(1_000, '1h'),
  requestsPerDay: window(10_000, '1d'),
  tokensPerMinute: window(10_000, '1m', { unit: 'tokens' }),
  tokensPerHour: window(100_000, '1h', { unit: 'tokens' }),
  tokensPerDay: window(1_000_000, '1d', { unit: 'tokens' }),
  burst: bucket({ rate: 100, per: '60s', burst: 100 }),
  concurrent: concurrency(50, { lease: '60s' }),
} as const

/**
 * Limits by what they guard, for `limiter.define(name, { limits: LIMITS.LOGIN })` and `@RateLimited({ limits: LIMITS.LOGIN })`:
 * `API_KEY` (with {@link PLANS} for other tiers), `LOGIN` 10 in 15 minutes, `REGISTER` and `PASSWORD_RESET` 3 an hour,
 * `KEY_CREATE` 10 an hour, `ANONYMOUS` 3 a day, `ADDRESS` 300 a minute for an IP address without credentials.
 */
export const LIMITS = Object.freeze({
  API_KEY: Object.freeze(API_KEY),
  LOGIN: Object.freeze({ attempts: window(10, '15m', { exact: true }) }),
  REGISTER: Object.freeze({ attempts: window(3, '1h', { exact: true }) }),
  PASSWORD_RESET: Object.freeze({ attempts: window(3, '1h', { exact: true }) }),
  KEY_CREATE: Object.freeze({ attempts: window(10, '1h', { exact: true }) }),
  ANONYMOUS: Object.freeze({ day: quota(3, { every: 'day', timeZone: 'UTC' }) }),
  ADDRESS: Object.freeze({ minute: window(300, '1m') }),
})

/** Requests per minute, hour and day; tokens likewise; burst; calls at once. */
type Tier = readonly [
  rpm: number,
  rph: number,
  rpd: number,
  tpm: number,
  tph: number,
  tpd: number,
  burst: number,
  concurrent: number,
]

function plan([rpm, rph, rpd, tpm, tph, tpd, burst, concurrent]: Tier) {
  return Object.freeze({
    requestsPerMinute: rpm,
    requestsPerHour: rph,
    requestsPerDay: rpd,
    tokensPerMinute: tpm,
    tokensPerHour: tph,
    tokensPerDay: tpd,
    burst: bucket({ rate: burst, per: '60s', burst }),
    concurrent,
  })
}

/**
 * What other tiers have in place of the numbers of `LIMITS.API_KEY`; a `plan` function returns one of them. `SEVERE` is for
 * accounts under suspicion, `BLOCKED` for those that may only look.
 *
 * ```ts
 * limiter.define('key', { limits: LIMITS.API_KEY, plan: async (key) => PLANS[await tierOf(key)] })
 * ```
 */
export const PLANS = Object.freeze({
  DEFAULT: plan([250, 1_000, 10_000, 10_000, 100_000, 1_000_000, 100, 50]),
  PREMIUM: plan([300, 5_000, 50_000, 50_000, 500_000, 5_000_000, 50, 20]),
  ENTERPRISE: plan([1_000, 20_000, 200_000, 200_000, 2_000_000, 20_000_000, 100, 50]),
  SEVERE: plan([5, 20, 50, 500, 2_000, 5_000, 3, 1]),
  BLOCKED: plan([1, 5, 10, 100, 500, 1_000, 1, 1]),
})
