import type { CatalogSource } from '../../src/catalog/catalog-entry.ts'
import { parseMoney } from '../../src/domain/money.ts'
import type { Plan } from '../../src/domain/plan.ts'
import { DEFAULT_RATE_LIMITS, type RateLimits } from '../../src/domain/rate-limits.ts'
import type { SeedAccounts, SeedKey, SeedUser } from '../../src/seed/accounts.ts'
import { SEED_PLANS } from '../../src/seed/plans.ts'
import {
  INITIAL_TRIAL,
  initialKey,
  initialPlan,
  initialUser,
  type KeyTruth,
  type MoneyTruth,
  type MovementTruth,
  type TrialTruth,
  type UserTruth,
} from './account-truth.ts'
import { type CatalogTruth, initialCatalog } from './catalog-truth.ts'
import { ChatLedger } from './chat-ledger.ts'
import { LimitLedger } from './limit-ledger.ts'
import { type Change, Timeline } from './timeline.ts'

/** A key whose text the driver knows. */
export interface Credential {
  readonly plaintext: string
  readonly keyId: number
  readonly userId: number
}

/** Everything that is true of a user, over time. */
export interface UserTimelines {
  readonly user: Timeline<UserTruth>
  readonly money: Timeline<MoneyTruth>
  readonly movements: Timeline<readonly MovementTruth[]>
  readonly planId: Timeline<number | null>
  readonly keys: Timeline<readonly KeyTruth[]>
  readonly privyUserId: string | null
}

/** Everything the gateway should know, over time, kept by the only one who changes it. */
export class World {
  readonly users = new Map<number, UserTimelines>()
  /** What a key's text opens, by text; null before it is issued and after it is replaced. */
  readonly texts = new Map<string, Timeline<KeyTruth | null>>()
  readonly trials = new Map<number, Timeline<TrialTruth>>()
  readonly rateLimits = new Map<number, Timeline<RateLimits>>()
  readonly plans: ReadonlyMap<number, Timeline<Plan>>
  /** What was asked of the rate limits, and what they said. */
  readonly ledger = new LimitLedger()
  /** For whom chat answers were made, and who got them. */
  readonly chats = new ChatLedger()
  readonly catalog: Timeline<CatalogTruth>
  /** The catalog's source: what a synchronisation brings back. */
  readonly source: CatalogSource
  /** Keys that traffic uses, hottest first; a revoked one stays until another takes its place. */
  readonly credentials: Credential[] = []

  constructor(accounts: SeedAccounts, source: CatalogSource) {
    this.source = source
    this.catalog = new Timeline(initialCatalog(source))
    this.plans = new Map(SEED_PLANS.map((plan) => [plan.id, new Timeline(initialPlan(plan))]))
    const keysOf = groupByUser(accounts.keys)
    for (const user of accounts.users) this.#addSeeded(user, keysOf.get(user.id) ?? [])
  }

  /** The timelines of a user. */
  user(id: number): UserTimelines {
    return known(this.users, id, 'user')
  }

  /** The timeline of a key's text. */
  text(plaintext: string): Timeline<KeyTruth | null> {
    return known(this.texts, plaintext, 'key')
  }

  /** The timeline of a plan. */
  plan(id: number): Timeline<Plan> {
    return known(this.plans, id, 'plan')
  }

  /** The limits of a key over time. */
  limitsOf(keyId: number): Timeline<RateLimits> {
    const timeline = this.rateLimits.get(keyId) ?? new Timeline(DEFAULT_RATE_LIMITS)
    this.rateLimits.set(keyId, timeline)
    return timeline
  }

  /** Adds a user who registered. */
  addUser(truth: UserTruth, privyUserId: string | null): UserTimelines {
    const timelines: UserTimelines = {
      user: new Timeline(truth),
      money: new Timeline({ allowance: 0n, purchased: 0n }),
      movements: new Timeline([]),
      planId: new Timeline<number | null>(null),
      keys: new Timeline<readonly KeyTruth[]>([]),
      privyUserId,
    }
    this.users.set(truth.id, timelines)
    return timelines
  }

  /** Records that a key exists from a change on, under this text. */
  issue(userId: number, plaintext: string, key: KeyTruth, change: Change): void {
    const text = new Timeline<KeyTruth | null>(null)
    text.set(key, change)
    this.texts.set(plaintext, text)
    if (key.isTrial) this.trials.set(key.id, new Timeline(INITIAL_TRIAL))
    this.listKey(userId, key, change)
  }

  /** Records the new state of a key in its owner's list. */
  listKey(userId: number, key: KeyTruth, change: Change): void {
    const { keys } = this.user(userId)
    const others = keys.current.filter(({ id }) => id !== key.id)
    keys.set(
      [...others, key].sort((a, b) => a.id - b.id),
      change,
    )
  }

  #addSeeded(user: SeedUser, keys: readonly SeedKey[]): void {
    this.users.set(user.id, {
      user: new Timeline(initialUser(user)),
      money: new Timeline({
        allowance: parseMoney(user.subscriptionAllowance),
        purchased: parseMoney(user.purchasedCredits),
      }),
      movements: new Timeline([]),
      planId: new Timeline(user.planId),
      keys: new Timeline(keys.map(initialKey)),
      privyUserId: user.privyUserId,
    })
    for (const key of keys) {
      this.texts.set(key.plaintext, new Timeline<KeyTruth | null>(initialKey(key)))
      if (key.isTrial) this.trials.set(key.id, new Timeline(INITIAL_TRIAL))
      if (key.rateLimits !== null) this.rateLimits.set(key.id, new Timeline(key.rateLimits))
      this.credentials.push({ plaintext: key.plaintext, keyId: key.id, userId: user.id })
    }
  }
}

function known<K, V>(map: ReadonlyMap<K, V>, key: K, what: string): V {
  const value = map.get(key)
  if (value === undefined) throw new Error(`the driver knows no ${what} ${key}`)
  return value
}

function groupByUser(keys: readonly SeedKey[]): Map<number, SeedKey[]> {
  const groups = new Map<number, SeedKey[]>()
  for (const key of keys) groups.set(key.userId, [...(groups.get(key.userId) ?? []), key])
  return groups
}
