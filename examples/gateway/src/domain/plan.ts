/** What a subscription offers. */
export interface Plan {
  readonly id: number
  readonly name: string
  readonly tier: string | null
  readonly planType: string
  readonly description: string
  /** Dollars, as decimal text. */
  readonly pricePerMonth: string
  readonly dailyRequestLimit: number
  readonly monthlyRequestLimit: number
  readonly dailyTokenLimit: number
  readonly monthlyTokenLimit: number
  readonly maxConcurrentRequests: number
  readonly features: readonly string[]
  readonly isActive: boolean
}

/** A plan in force for a user. */
export interface UserPlan {
  readonly userId: number
  readonly plan: Plan
  readonly startedAt: Date
  readonly expiresAt: Date | null
}

/** What an administrator may change of a plan. */
export interface PlanChanges {
  readonly description?: string
  readonly pricePerMonth?: string
  readonly dailyRequestLimit?: number
  readonly monthlyRequestLimit?: number
}
