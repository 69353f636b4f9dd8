// The limiter
export { createRateLimiter, type RateLimiterOptions } from './create-rate-limiter.ts'
export { type RateLimitErrorCode, RateLimitExceeded, RateLimiterClosed, RateLimitUnavailable } from './errors.ts'
// HTTP
export { type HeaderOptions, rateLimitHeaders } from './http/headers.ts'
export { ipSubject } from './http/ip.ts'
export { type ProblemBody, type RateLimitProblem, rateLimitProblem } from './http/problem.ts'
// Decisions
export type { Admitted, Decision, LimitStanding, Refused } from './limiter/decision.ts'
export type { RateLimiterEvent, RateLimiterEventOf } from './limiter/events.ts'
// Limit sets
export type { HeldStream, HoldStreamOptions } from './limiter/holding.ts'
// Limits
export {
  type BucketLimit,
  type BucketOptions,
  bucket,
  type ConcurrencyLimit,
  type CounterLimit,
  concurrency,
  fixedWindow,
  type Limit,
  type QuotaOptions,
  quota,
  type UnitOptions,
  type WindowLimit,
  type WindowOptions,
  window,
} from './limiter/limit.ts'
export type { LimitSet, RunOptions, WaitOptions } from './limiter/limit-set.ts'
export type { LimitSetOptions, PenaltyOptions } from './limiter/options.ts'
export { RateLimiter, type RateLimiterHealth } from './limiter/rate-limiter.ts'
export type { Costs, Reservation } from './limiter/reservation.ts'
export type { PlanLimits } from './limiter/rules.ts'
export type { JointCall, JointRefusal, JointReservation } from './limiter/together.ts'
export { LIMITS, PLANS } from './presets.ts'
export type { StoreFailurePolicy } from './store/store.ts'
