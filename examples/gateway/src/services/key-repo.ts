import { Cached, TTL } from '@granary/decorators'
import type { Database } from '../database/database.ts'
import type { ApiKey } from '../domain/api-key.ts'
import { tags } from '../tags.ts'
import { KEY_COLUMNS, selectKeyByHash } from './account-queries.ts'

/** Finds API keys for whoever administers them; requests are authenticated by `AuthService`. */
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
    return selectKeyByHash(this.#database, hash)
  }

  /** The keys of a user, oldest first, straight from the database. */
  async ofUser(userId: number): Promise<ApiKey[]> {
    return this.#database.query<ApiKey>(`select ${KEY_COLUMNS} from api_keys_new where user_id = $1 order by id`, [
      userId,
    ])
  }
}
