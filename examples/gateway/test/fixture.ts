import type { CatalogSource } from '../src/catalog/catalog-entry.ts'
import { readCatalogSnapshot } from '../src/catalog/snapshot.ts'
import type { GatewayConfig } from '../src/config.ts'
import type { Database } from '../src/database/database.ts'
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts'
import { migrate } from '../src/database/migrate.ts'
import { openPostgres } from '../src/database/postgres.ts'
import { generateAccounts, type SeedAccounts, type SeedKey } from '../src/seed/accounts.ts'
import { seedDatabase } from '../src/seed/seed-database.ts'

/** Secrets of the gateways under test. */
export const SECRETS = {
  keySalt: 'salt-for-tests-only',
  adminToken: 'admin-token-for-tests',
  identitySecret: 'identity-secret-for-tests',
}

/** A gateway's configuration over the database of `url`. */
export function configFor(url: string): GatewayConfig {
  return { port: 0, databaseUrl: url, redis: false, trustedProxies: [], ...SECRETS }
}

/** A PostgreSQL with a small, seeded gateway in it. */
export interface SeededDatabase {
  readonly url: string
  readonly database: Database
  readonly accounts: SeedAccounts
  readonly catalog: CatalogSource
  stop(): Promise<void>
}

/** Starts one; each test file has its own. */
export async function startSeededDatabase(users = 40): Promise<SeededDatabase> {
  const server = await startEmbeddedPostgres()
  const database = openPostgres(server.url)
  await migrate(database)
  const now = new Date()
  const accounts = generateAccounts({ seed: 7, users, now })
  const catalog = smallCatalog()
  await seedDatabase(database, { accounts, catalog, keySalt: SECRETS.keySalt, now })
  const stop = async () => {
    await database.close()
    await server.stop()
  }
  return { url: server.url, database, accounts, catalog, stop }
}

/** Four providers are enough to see everything, and are written in no time. */
function smallCatalog(): CatalogSource {
  const { providers, models } = readCatalogSnapshot()
  const kept = new Set(['anthropic', 'deepseek', 'mistral', 'openai'])
  return {
    providers: providers.filter(({ slug }) => kept.has(slug)),
    models: models.filter(({ provider }) => kept.has(provider)),
  }
}

/** Keys that open the gateway, each of another user. */
export function goodKeys({ users, keys }: SeedAccounts): SeedKey[] {
  const active = new Set(users.filter(({ isActive }) => isActive).map(({ id }) => id))
  return keys.filter((key) => key.isPrimary && key.isActive && active.has(key.userId) && isCurrent(key))
}

function isCurrent({ expiresAt }: SeedKey): boolean {
  return expiresAt === null || expiresAt > new Date()
}

/** One member of a list that must be there. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index]
  if (found === undefined) throw new RangeError(`the list has no member ${index}`)
  return found
}
