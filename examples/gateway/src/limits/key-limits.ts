import { ms } from '@granary/core'
import { bucket, type Costs, LIMITS, type LimitSet, type PlanLimits, type RateLimiter } from '@granary/rate-limit'
import type { RateLimits } from '../domain/rate-limits.ts'
import type { RateLimitRepo } from '../services/rate-limit-repo.ts'

/** The limits of one key: requests and tokens per minute, hour and day, a burst, and requests at once. */
export type KeyLimitName = keyof typeof LIMITS.API_KEY

/** Limits what each API key may ask of models, by the configuration of that key. */
export class KeyLimits {
  readonly set: LimitSet<KeyLimitName>

  constructor(limiter: RateLimiter, configurations: RateLimitRepo) {
    this.set = limiter.define('key', {
      limits: LIMITS.API_KEY,
      plan: async (keyId) => planOf(await configurations.config(Number(keyId))),
    })
  }
}

/** What a number of tokens costs: they count in a minute, an hour and a day. */
export function tokenCosts(tokens: number): Costs<KeyLimitName> {
  return { tokensPerMinute: tokens, tokensPerHour: tokens, tokensPerDay: tokens }
}

/** Plans beside the configurations they were made of: the cache hands out the same object for as long as it is good. */
const plans = new WeakMap<RateLimits, PlanLimits<KeyLimitName>>()

function planOf(limits: RateLimits): PlanLimits<KeyLimitName> {
  const known = plans.get(limits)
  if (known !== undefined) return known
  const { requestsPerMinute, requestsPerHour, requestsPerDay, tokensPerMinute, tokensPerHour, tokensPerDay } = limits
  const { burstLimit, windowSize, concurrencyLimit } = limits
  const made = {
    requestsPerMinute,
    requestsPerHour,
    requestsPerDay,
    tokensPerMinute,
    tokensPerHour,
    tokensPerDay,
    burst: bucket({ rate: Math.max(1, burstLimit), per: ms(windowSize * 1_000), burst: burstLimit }),
    concurrent: concurrencyLimit,
  }
  plans.set(limits, made)
  return made
}
