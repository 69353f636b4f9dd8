/** The plans on offer in a fresh gateway, by id from 1. */
export const SEED_PLANS = [
  plan('Free', 'free', '0.00', 1_000, 25_000, 5),
  plan('Developer', 'basic', '10.00', 5_000, 100_000, 10),
  plan('Pro', 'pro', '49.00', 25_000, 750_000, 20),
  plan('Team', 'max', '199.00', 100_000, 2_500_000, 50),
  plan('Enterprise', 'enterprise', '999.00', 1_000_000, 25_000_000, 100),
].map((fields, index) => ({ id: index + 1, ...fields }))

function plan(name: string, tier: string, price: string, daily: number, monthly: number, concurrent: number) {
  return {
    name,
    tier,
    plan_type: 'subscription',
    description: `${name} plan`,
    price_per_month: price,
    daily_request_limit: daily,
    monthly_request_limit: monthly,
    daily_token_limit: daily * 20,
    monthly_token_limit: monthly * 20,
    max_concurrent_requests: concurrent,
    features: ['chat', 'models'],
    is_active: true,
  }
}

/** What a trial key is given. */
export const TRIAL_CONFIG = {
  trial_days: 3,
  trial_credits: '10.0000',
  trial_tokens: 500_000,
  trial_requests: 1_000,
  trial_max_concurrent_requests: 5,
  is_active: true,
}
