/** Where a user's subscription stands. */
type SubscriptionStatus = 'trial' | 'active' | 'expired' | 'canceled' | 'past_due' | 'bot' | 'suspended'

/**
 * A user, without money.
 *
 * Balances are kept out on purpose: adding credits then touches one entry instead of every projection of the user, and no
 * code that holds a cached user can be tempted to authorise a debit with it.
 */
export interface User {
  readonly id: number
  readonly username: string
  readonly email: string
  readonly privyUserId: string | null
  readonly role: string
  readonly tier: string
  readonly isActive: boolean
  readonly subscriptionStatus: SubscriptionStatus
  readonly trialExpiresAt: Date | null
  readonly settings: Readonly<Record<string, unknown>>
  readonly createdAt: Date
}

/** What a user may change about themselves; what is absent stays as it is. */
export interface ProfileChanges {
  readonly username?: string
  readonly email?: string
  readonly settings?: Readonly<Record<string, unknown>>
}

/** What a new user is made of. */
export interface NewUser {
  readonly username: string
  readonly email: string
  readonly privyUserId: string | null
}

/** Says that a username, an email or an identity belongs to somebody else already. */
export class AlreadyTaken extends Error {
  readonly code = 'already_taken'

  constructor(cause: unknown) {
    super('the username, the email or the identity belongs to another user', { cause })
  }
}
