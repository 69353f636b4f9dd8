import { type Environment, generateKey } from '../domain/api-key.ts'
import { formatMoney } from '../domain/money.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../domain/rate-limits.ts'
import { SEED_PLANS, TRIAL_CONFIG } from './plans.ts'
import { SeededRandom } from './random.ts'

const DAY = 86_400_000

/** A generated user with what belongs to them. */
export interface SeedUser {
  readonly id: number
  readonly username: string
  readonly email: string
  readonly privyUserId: string | null
  readonly tier: string
  readonly isActive: boolean
  readonly subscriptionAllowance: string
  readonly purchasedCredits: string
  readonly settings: Readonly<Record<string, unknown>>
  readonly planId: number | null
}

/** A generated key, with its text: the only place where both the key and its owner are known. */
export interface SeedKey {
  readonly id: number
  readonly userId: number
  readonly plaintext: string
  readonly name: string
  readonly environment: Environment
  readonly isPrimary: boolean
  readonly isActive: boolean
  readonly isTrial: boolean
  readonly expiresAt: Date | null
  readonly rateLimits: RateLimits | null
}

/** Generated users and their keys. */
export interface SeedAccounts {
  readonly users: readonly SeedUser[]
  readonly keys: readonly SeedKey[]
}

/** What `generateAccounts` is told. */
export interface AccountSettings {
  readonly seed: number
  readonly users: number
  /** Expiry dates lie at least a day away from it, on either side. */
  readonly now: Date
}

/** Makes up users and keys, the same ones for the same settings. */
export function generateAccounts({ seed, users: count, now }: AccountSettings): SeedAccounts {
  const random = new SeededRandom(seed)
  const users: SeedUser[] = []
  const keys: SeedKey[] = []
  for (let id = 1; id <= count; id += 1) {
    const user = generateUser(id, random)
    users.push(user)
    const owned = 1 + (random.chance(0.4) ? 1 : 0) + (random.chance(0.1) ? 1 : 0)
    for (let index = 0; index < owned; index += 1) {
      keys.push(generateSeedKey({ id: keys.length + 1, user, isPrimary: index === 0, random, now }))
    }
  }
  return { users, keys }
}

function generateUser(id: number, random: SeededRandom): SeedUser {
  const plan = random.chance(0.75) ? random.pick(SEED_PLANS) : undefined
  const name = `user${String(id).padStart(5, '0')}`
  return {
    id,
    username: name,
    email: `${name}@example.com`,
    privyUserId: random.chance(0.8) ? `did:privy:${random.uuid()}` : null,
    tier: plan?.tier ?? 'basic',
    isActive: !random.chance(0.02),
    subscriptionAllowance: formatMoney(BigInt(random.integer(200_000))),
    purchasedCredits: formatMoney(BigInt(random.integer(5_000_000))),
    settings: { theme: random.pick(['light', 'dark']), language: random.pick(['en', 'de', 'pl', 'ja']) },
    planId: plan?.id ?? null,
  }
}

interface KeySettings {
  readonly id: number
  readonly user: SeedUser
  readonly isPrimary: boolean
  readonly random: SeededRandom
  readonly now: Date
}

function generateSeedKey({ id, user, isPrimary, random, now }: KeySettings): SeedKey {
  const environment = isPrimary ? 'live' : random.pick(['live', 'test', 'staging', 'development'] as const)
  const expires = random.integer(20)
  return {
    id,
    userId: user.id,
    plaintext: generateKey(environment, (length) => random.bytes(length)),
    name: isPrimary ? 'primary' : `key ${id}`,
    environment,
    isPrimary,
    isActive: !random.chance(0.03),
    isTrial: user.planId === null && isPrimary,
    expiresAt: expires < 2 ? new Date(now.getTime() + (expires === 0 ? -DAY : 30 * DAY)) : null,
    rateLimits: random.chance(0.2) ? scaledLimits(1 + random.integer(9)) : null,
  }
}

function scaledLimits(factor: number): RateLimits {
  const { requestsPerMinute, requestsPerHour, requestsPerDay } = DEFAULT_RATE_LIMITS
  return {
    ...DEFAULT_RATE_LIMITS,
    requestsPerMinute: requestsPerMinute * factor,
    requestsPerHour: requestsPerHour * factor,
    requestsPerDay: requestsPerDay * factor,
  }
}

/** The trial that every generated trial key starts with. */
export const SEED_TRIAL = {
  maxRequests: TRIAL_CONFIG.trial_requests,
  maxTokens: TRIAL_CONFIG.trial_tokens,
  credits: TRIAL_CONFIG.trial_credits,
  days: TRIAL_CONFIG.trial_days,
}
