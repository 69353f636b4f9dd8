import type { Database } from '../database/database.ts'
import type { UnitOfWork } from '../database/unit-of-work.ts'
import { AccountService } from './account-service.ts'
import { AuthService } from './auth-service.ts'
import { CatalogAdmin } from './catalog-admin.ts'
import { CatalogService } from './catalog-service.ts'
import { CreditRepo } from './credit-repo.ts'
import { KeyRepo } from './key-repo.ts'
import { KeyService } from './key-service.ts'
import { PlanRepo } from './plan-repo.ts'
import { PricingRepo } from './pricing-repo.ts'
import { RateLimitRepo } from './rate-limit-repo.ts'
import { TrialRepo } from './trial-repo.ts'
import { UserRepo } from './user-repo.ts'

/** Everything the routes call. */
export interface Services {
  readonly auth: AuthService
  readonly accounts: AccountService
  readonly users: UserRepo
  readonly keys: KeyRepo
  readonly keyIssuer: KeyService
  readonly plans: PlanRepo
  readonly trials: TrialRepo
  readonly rateLimits: RateLimitRepo
  readonly pricing: PricingRepo
  readonly credits: CreditRepo
  readonly catalog: CatalogService
  readonly catalogAdmin: CatalogAdmin
}

/** What the services need to know of a deployment. */
export interface ServiceSettings {
  readonly keySalt: string
  /** Makes the text of new keys; by default from the system's randomness. */
  readonly generateKey?: (environment: 'live' | 'test' | 'staging' | 'development') => string
}

/**
 * Puts the services together over one database. Those that write keys, plans, money or the catalog are adopted by the unit of
 * work, where one is given. Which cache they use is configured by `configureGranary`.
 */
export function createServices(
  database: Database,
  { keySalt, generateKey }: ServiceSettings,
  unit?: UnitOfWork,
): Services {
  const adopted = <S extends object>(service: S): S => unit?.adopt(service) ?? service
  const keyParts = { database, keySalt, ...(generateKey === undefined ? {} : { generate: generateKey }) }
  const pricing = new PricingRepo(database)
  return {
    auth: new AuthService(database, keySalt),
    accounts: adopted(new AccountService(database)),
    users: new UserRepo(database, keySalt),
    keys: new KeyRepo(database),
    keyIssuer: adopted(new KeyService(keyParts)),
    plans: adopted(new PlanRepo(database)),
    trials: adopted(new TrialRepo(database)),
    rateLimits: adopted(new RateLimitRepo(database)),
    pricing,
    credits: adopted(new CreditRepo(database)),
    catalog: new CatalogService(database, pricing),
    catalogAdmin: adopted(new CatalogAdmin(database)),
  }
}
