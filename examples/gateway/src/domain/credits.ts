/** What a user owns, in dollars as decimal text. For display: a debit is decided by the database alone. */
export interface Balance {
  readonly userId: number
  readonly subscriptionAllowance: string
  readonly purchasedCredits: string
  readonly total: string
}

/** A movement of money that somebody asks for. */
export interface Movement {
  readonly userId: number
  /** Dollars, as decimal text, above zero. */
  readonly amount: string
  /** Names the request: sent twice, it moves money once. */
  readonly requestId: string
  readonly description?: string
}

/** A movement that took place. */
export interface CreditTransaction {
  readonly requestId: string | null
  /** Below zero for a debit. */
  readonly amount: string
  readonly type: string
  readonly description: string
  readonly balanceBefore: string
  readonly balanceAfter: string
}

/** Says that a debit is larger than what the user owns, according to the database. */
export class InsufficientCredits extends Error {
  readonly code = 'insufficient_credits'

  constructor(amount: string) {
    super(`the balance does not cover ${amount}`)
  }
}

/** Says that a request id was used before for another movement. */
export class RequestIdReused extends Error {
  readonly code = 'request_id_reused'

  constructor(requestId: string) {
    super(`request id ${requestId} belongs to another movement; choose a new one`)
  }
}
