import type { ApiKey } from '../../src/domain/api-key.ts'
import { formatMoney, parseMoney } from '../../src/domain/money.ts'
import type { Plan } from '../../src/domain/plan.ts'
import type { Trial } from '../../src/domain/trial.ts'
import { SEED_TRIAL, type SeedKey, type SeedUser } from '../../src/seed/accounts.ts'
import type { SEED_PLANS } from '../../src/seed/plans.ts'

/** A user as the gateway shows one. */
export interface UserTruth {
  readonly id: number
  readonly username: string
  readonly email: string
  readonly role: string
  readonly tier: string
  readonly subscriptionStatus: string
  readonly isActive: boolean
  readonly settings: Readonly<Record<string, unknown>>
}

/** A key as the gateway shows it; dates as JSON carries them. */
export type KeyTruth = Omit<ApiKey, 'userId' | 'scopePermissions' | 'expiresAt' | 'createdAt'> & {
  readonly expiresAt: string | null
}

/** The two pots of a user, in ten-thousandths of a dollar. */
export interface MoneyTruth {
  readonly allowance: bigint
  readonly purchased: bigint
}

/** What a trial has used. */
export type TrialTruth = Omit<Trial, 'keyId' | 'startsAt' | 'endsAt'>

/** A movement as the gateway lists it. */
export interface MovementTruth {
  readonly requestId: string
  readonly amount: string
  readonly type: 'credit' | 'debit'
  readonly description: string
  readonly balanceBefore: string
  readonly balanceAfter: string
}

/** A user as the seeder writes it. */
export function initialUser(user: SeedUser): UserTruth {
  const { id, username, email, tier, isActive, settings, planId } = user
  const subscriptionStatus = planId === null ? 'trial' : 'active'
  return { id, username, email, role: 'user', tier, subscriptionStatus, isActive, settings }
}

/** A key as the seeder writes it. */
export function initialKey(key: SeedKey): KeyTruth {
  const { id, name, environment, isPrimary, isActive, isTrial, plaintext, expiresAt } = key
  return {
    id,
    name,
    last4: plaintext.slice(-4),
    environment,
    isPrimary,
    isActive,
    isTrial,
    ipAllowlist: [],
    domainReferrers: [],
    expiresAt: expiresAt?.toISOString() ?? null,
  }
}

/** A plan as the seeder writes it. */
export function initialPlan(plan: (typeof SEED_PLANS)[number]): Plan {
  return {
    id: plan.id,
    name: plan.name,
    tier: plan.tier,
    planType: plan.plan_type,
    description: plan.description,
    pricePerMonth: plan.price_per_month,
    dailyRequestLimit: plan.daily_request_limit,
    monthlyRequestLimit: plan.monthly_request_limit,
    dailyTokenLimit: plan.daily_token_limit,
    monthlyTokenLimit: plan.monthly_token_limit,
    maxConcurrentRequests: plan.max_concurrent_requests,
    features: plan.features,
    isActive: plan.is_active,
  }
}

/** A trial as the seeder and registration write it. */
export const INITIAL_TRIAL: TrialTruth = {
  maxRequests: SEED_TRIAL.maxRequests,
  maxTokens: SEED_TRIAL.maxTokens,
  credits: SEED_TRIAL.credits,
  usedRequests: 0,
  usedTokens: 0,
  usedCredits: '0.0000',
  converted: false,
}

/** The trial after one more request, or undefined when it has no room for it. */
export function usedOnce(trial: TrialTruth, tokens: number, credits: string): TrialTruth | undefined {
  const usedCredits = parseMoney(trial.usedCredits) + parseMoney(credits)
  const usedTokens = trial.usedTokens + tokens
  const room =
    trial.usedRequests < trial.maxRequests && usedTokens <= trial.maxTokens && usedCredits <= parseMoney(trial.credits)
  if (trial.converted || !room) return undefined
  return { ...trial, usedRequests: trial.usedRequests + 1, usedTokens, usedCredits: formatMoney(usedCredits) }
}

/** A trial as its owner sees it, before its end. */
export function trialBody(trial: TrialTruth) {
  const { converted, ...rest } = trial
  const usedUp = trial.usedRequests >= trial.maxRequests || trial.usedTokens >= trial.maxTokens
  return { state: converted ? 'converted' : usedUp ? 'used_up' : 'active', ...rest }
}

/** What a user owns after a movement, or undefined when it takes more than there is. A debit empties the allowance first. */
export function moved(money: MoneyTruth, amount: bigint): MoneyTruth | undefined {
  if (amount >= 0n) return { ...money, purchased: money.purchased + amount }
  const debit = -amount
  if (debit > money.allowance + money.purchased) return undefined
  const fromAllowance = debit < money.allowance ? debit : money.allowance
  return { allowance: money.allowance - fromAllowance, purchased: money.purchased - (debit - fromAllowance) }
}

/** The sum of both pots, as the gateway writes it. */
export function totalOf(money: MoneyTruth): string {
  return formatMoney(money.allowance + money.purchased)
}

/** A balance as the gateway shows it. */
export function balanceBody(userId: number, money: MoneyTruth) {
  return {
    userId,
    subscriptionAllowance: formatMoney(money.allowance),
    purchasedCredits: formatMoney(money.purchased),
    total: totalOf(money),
  }
}
