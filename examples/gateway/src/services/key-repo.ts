import { Cached, TTL } from '@granary/decorators'
import { type Database, queryOne } from '../database/database.ts'
import type { ApiKey } from '../domain/api-key.ts'
import { tags } from '../tags.ts'

/** The columns of an {@link ApiKey}; the hash is not among them. */
export const KEY_COLUMNS = `id, user_id as "userId", last4, key_name as name, environment_tag as environment,
  is_primary as "isPrimary", is_active as "isActive", is_trial as "isTrial", scope_permissions as "scopePermissions",
  ip_allowlist as "ipAllowlist", domain_referrers as "domainReferrers", expiration_date as "expiresAt",
  created_at as "createdAt"`

/** Finds API keys. */
export class KeyRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** The key of this hash, in whatever state; null when no such key was ever issued. */
  @Cached({
    name: 'db:api_key',
    ttl: TTL.API_KEY,
    negativeTtl: '30s',
    tags: (key: ApiKey) => [tags.apiKey(key.id), tags.user(key.userId)],
  })
  async byHash(hash: string): Promise<ApiKey | null> {
    return queryOne<ApiKey>(this.#database, `select ${KEY_COLUMNS} from api_keys_new where key_hash = $1`, [hash])
  }

  /** The keys of a user, oldest first, straight from the database. */
  async ofUser(userId: number): Promise<ApiKey[]> {
    return this.#database.query<ApiKey>(`select ${KEY_COLUMNS} from api_keys_new where user_id = $1 order by id`, [
      userId,
    ])
  }
}
