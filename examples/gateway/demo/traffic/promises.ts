import { LIMITS } from '@granary/rate-limit'
import type { RateLimits } from '../../src/domain/rate-limits.ts'
import type { PromisedLimit } from '../oracle/limit-ledger.ts'
import { type Answer, bodyOf } from './operation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** What an address may try, and how many keys a user is issued. */
export const PROMISES = {
  login: [windowOf('attempts', LIMITS.LOGIN.attempts.limit, LIMITS.LOGIN.attempts.length)],
  register: [windowOf('attempts', LIMITS.REGISTER.attempts.limit, LIMITS.REGISTER.attempts.length)],
  keyCreate: [windowOf('attempts', LIMITS.KEY_CREATE.attempts.limit, LIMITS.KEY_CREATE.attempts.length)],
} as const

/** What a key may ask of models. */
export function promisesTo(limits: RateLimits): PromisedLimit[] {
  const { burstLimit, concurrencyLimit } = limits
  return [
    windowOf('requestsPerMinute', limits.requestsPerMinute, MINUTE),
    windowOf('requestsPerHour', limits.requestsPerHour, HOUR),
    windowOf('requestsPerDay', limits.requestsPerDay, DAY),
    windowOf('tokensPerMinute', limits.tokensPerMinute, MINUTE),
    windowOf('tokensPerHour', limits.tokensPerHour, HOUR),
    windowOf('tokensPerDay', limits.tokensPerDay, DAY),
    { name: 'burst', least: burstLimit, most: burstLimit, length: limits.windowSize * 1_000, kind: 'bucket' },
    { name: 'concurrent', least: concurrencyLimit, most: concurrencyLimit, length: undefined, kind: 'places' },
  ]
}

/** The limits that a refusal blames; undefined when the answer is none. */
export function blamedIn(answer: Answer): readonly string[] | undefined {
  if (answer.status !== 429) return undefined
  const blamed = (bodyOf(answer) as { readonly 'violated-policies'?: unknown } | undefined)?.['violated-policies']
  return Array.isArray(blamed) ? blamed : []
}

function windowOf(name: string, limit: number, length: number): PromisedLimit {
  return { name, least: limit, most: limit, length, kind: 'window' }
}
