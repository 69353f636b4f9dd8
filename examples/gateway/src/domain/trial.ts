/** What a trial key was given and what is used of it. */
export interface Trial {
  readonly keyId: number
  readonly startsAt: Date | null
  readonly endsAt: Date | null
  readonly maxRequests: number
  readonly maxTokens: number
  /** Dollars, as decimal text. */
  readonly credits: string
  readonly usedRequests: number
  readonly usedTokens: number
  readonly usedCredits: string
  readonly converted: boolean
}

/** What one request takes from a trial. */
export interface TrialUse {
  readonly tokens: number
  /** Dollars, as decimal text. */
  readonly credits: string
}

/** Where a trial stands. */
export type TrialState = 'active' | 'converted' | 'ended' | 'used_up'

/** Where `trial` stands at `now`: for display; whether a request is let in is decided by `TrialRepo.consume`. */
export function trialState(trial: Trial, now: Date): TrialState {
  if (trial.converted) return 'converted'
  if (trial.endsAt !== null && trial.endsAt <= now) return 'ended'
  const usedUp = trial.usedRequests >= trial.maxRequests || trial.usedTokens >= trial.maxTokens
  return usedUp ? 'used_up' : 'active'
}
