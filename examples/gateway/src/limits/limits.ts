import type { RateLimiter } from '@granary/rate-limit'
import type { RateLimitRepo } from '../services/rate-limit-repo.ts'
import { AddressLimits } from './address-limits.ts'
import { KeyLimits } from './key-limits.ts'

/** Every limit of the gateway; that on issuing keys stands on `KeyService.create`. */
export interface Limits {
  readonly limiter: RateLimiter
  readonly keys: KeyLimits
  readonly addresses: AddressLimits
}

/** Defines the limits. */
export function createLimits(limiter: RateLimiter, configurations: RateLimitRepo): Limits {
  return { limiter, keys: new KeyLimits(limiter, configurations), addresses: new AddressLimits(limiter) }
}
