import type { CatalogSource, ModelEntry } from '../catalog/catalog-entry.ts'
import type { Database, Row } from '../database/database.ts'
import { hashKey } from '../domain/api-key.ts'
import { DEFAULT_RATE_LIMITS } from '../domain/rate-limits.ts'
import { SEED_TRIAL, type SeedAccounts, type SeedKey, type SeedUser } from './accounts.ts'
import { SEED_PLANS, TRIAL_CONFIG } from './plans.ts'
import { continueIds, insertRows } from './rows.ts'

/** What a fresh database is filled with. */
export interface Seed {
  readonly accounts: SeedAccounts
  readonly catalog: CatalogSource
  readonly keySalt: string
  readonly now: Date
}

/** Fills a migrated, empty database with everything: what is on offer, and who uses it. */
export async function seedDatabase(database: Database, { accounts, catalog, keySalt, now }: Seed): Promise<void> {
  await seedOffer(database, catalog)
  await seedAccounts(database, accounts, keySalt, now)
  // Without fresh statistics the first plans are poor ones, and a prepared statement keeps its plan.
  await database.query('analyze')
}

/** Writes plans, the trial and the catalog into a database that has none of them; leaves any other as it is. */
export async function seedOffer(database: Database, catalog: CatalogSource): Promise<void> {
  if ((await database.query('select id from plans limit 1')).length > 0) return
  await insertRows(database, 'plans', SEED_PLANS)
  await insertRows(database, 'trial_config', [TRIAL_CONFIG])
  await continueIds(database, 'plans')
  await seedCatalog(database, catalog)
}

async function seedAccounts(
  database: Database,
  { users, keys }: SeedAccounts,
  keySalt: string,
  now: Date,
): Promise<void> {
  const rows = {
    users: users.map((user) => userRow(user, now)),
    user_plans: users.flatMap((user) => userPlanRows(user, now)),
    api_keys_new: keys.map((key) => keyRow(key, keySalt, now)),
    rate_limit_configs: keys.flatMap((key) => rateLimitRows(key, now)),
  }
  for (const [table, tableRows] of Object.entries(rows)) await insertRows(database, table, tableRows)
  for (const table of ['users', 'api_keys_new']) await continueIds(database, table)
}

function userRow(user: SeedUser, now: Date): Row {
  return {
    id: user.id,
    username: user.username,
    email: user.email,
    privy_user_id: user.privyUserId,
    role: 'user',
    tier: user.tier,
    is_active: user.isActive,
    subscription_status: user.planId === null ? 'trial' : 'active',
    trial_expires_at: user.planId === null ? daysAfter(now, SEED_TRIAL.days) : null,
    subscription_allowance: user.subscriptionAllowance,
    purchased_credits: user.purchasedCredits,
    settings: user.settings,
    created_at: now,
    updated_at: now,
  }
}

function userPlanRows(user: SeedUser, now: Date): Row[] {
  return user.planId === null ? [] : [{ user_id: user.id, plan_id: user.planId, is_active: true, started_at: now }]
}

function keyRow(key: SeedKey, salt: string, now: Date): Row {
  return {
    id: key.id,
    user_id: key.userId,
    key_hash: hashKey(key.plaintext, salt),
    last4: key.plaintext.slice(-4),
    key_name: key.name,
    environment_tag: key.environment,
    is_primary: key.isPrimary,
    is_active: key.isActive,
    scope_permissions: { chat: ['*'] },
    ip_allowlist: [],
    domain_referrers: [],
    expiration_date: key.expiresAt,
    is_trial: key.isTrial,
    trial_start_date: key.isTrial ? now : null,
    trial_end_date: key.isTrial ? daysAfter(now, SEED_TRIAL.days) : null,
    trial_max_requests: key.isTrial ? SEED_TRIAL.maxRequests : null,
    trial_max_tokens: key.isTrial ? SEED_TRIAL.maxTokens : null,
    trial_credits: key.isTrial ? SEED_TRIAL.credits : null,
    requests_used: 0,
    trial_used_requests: 0,
    trial_used_tokens: 0,
    trial_used_credits: '0',
    trial_converted: false,
    created_at: now,
    updated_at: now,
  }
}

function rateLimitRows(key: SeedKey, now: Date): Row[] {
  if (key.rateLimits === null) return []
  const limits = { ...DEFAULT_RATE_LIMITS, ...key.rateLimits }
  return [
    {
      api_key_id: key.id,
      requests_per_minute: limits.requestsPerMinute,
      requests_per_hour: limits.requestsPerHour,
      requests_per_day: limits.requestsPerDay,
      tokens_per_minute: limits.tokensPerMinute,
      tokens_per_hour: limits.tokensPerHour,
      tokens_per_day: limits.tokensPerDay,
      burst_limit: limits.burstLimit,
      concurrency_limit: limits.concurrencyLimit,
      window_size: limits.windowSize,
      is_active: true,
      created_at: now,
      updated_at: now,
    },
  ]
}

async function seedCatalog(database: Database, catalog: CatalogSource): Promise<void> {
  const providerIds = new Map(catalog.providers.map((provider, index) => [provider.slug, index + 1]))
  const providers = catalog.providers.map((provider, index) => ({
    id: index + 1,
    name: provider.name,
    slug: provider.slug,
    is_active: true,
    site_url: provider.siteUrl,
    health_status: 'healthy',
    metadata: {},
  }))
  await insertRows(database, 'providers', providers)
  await insertRows(
    database,
    'models',
    catalog.models.map((model, index) => modelRow(model, index + 1, providerIds)),
  )
  await insertRows(
    database,
    'model_pricing',
    catalog.models.flatMap((model, index) => priceRows(model, index + 1)),
  )
  for (const table of ['providers', 'models']) await continueIds(database, table)
}

function modelRow(model: ModelEntry, id: number, providerIds: ReadonlyMap<string, number>): Row {
  return {
    id,
    provider_id: providerIds.get(model.provider),
    model_name: model.name,
    provider_model_id: model.id,
    description: model.description,
    context_length: model.contextLength,
    modality: model.modality,
    supports_streaming: true,
    supports_function_calling: model.supportsFunctionCalling,
    supports_vision: model.supportsVision,
    max_output_tokens: model.maxOutputTokens,
    is_free: model.isFree,
    is_active: true,
    health_status: 'healthy',
    metadata: {},
    updated_at: new Date(0),
  }
}

function priceRows(model: ModelEntry, id: number): Row[] {
  if (model.price === null) return []
  return [
    {
      model_id: id,
      price_per_input_token: model.price.input,
      price_per_output_token: model.price.output,
      price_per_request: model.price.request,
      pricing_source: model.price.source,
    },
  ]
}

function daysAfter(instant: Date, days: number): Date {
  return new Date(instant.getTime() + days * 86_400_000)
}
