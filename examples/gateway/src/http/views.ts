import type { ApiKey } from '../domain/api-key.ts'
import { type Trial, trialState } from '../domain/trial.ts'
import type { User } from '../domain/user.ts'

/** A user as callers see one. */
export function userView(user: User) {
  const { id, username, email, role, tier, subscriptionStatus, isActive, settings } = user
  return { id, username, email, role, tier, subscriptionStatus, isActive, settings }
}

/** A key as its owner sees it. */
export function keyView(key: ApiKey) {
  const { id, name, last4, environment, isPrimary, isActive, isTrial, ipAllowlist, domainReferrers, expiresAt } = key
  return { id, name, last4, environment, isPrimary, isActive, isTrial, ipAllowlist, domainReferrers, expiresAt }
}

/** A trial as its owner sees it. */
export function trialView(trial: Trial) {
  const { maxRequests, maxTokens, credits, usedRequests, usedTokens, usedCredits } = trial
  return {
    state: trialState(trial, new Date()),
    maxRequests,
    maxTokens,
    credits,
    usedRequests,
    usedTokens,
    usedCredits,
  }
}
