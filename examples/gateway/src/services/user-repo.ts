import { Cached, TTL } from '@granary/decorators'
import type { Database } from '../database/database.ts'
import { hashKey } from '../domain/api-key.ts'
import { tags } from '../tags.ts'
import { selectUserByKeyHash, type UserOfKey } from './account-queries.ts'

/** Finds users for whoever administers them; requests are authenticated by `AuthService`. */
export class UserRepo {
  readonly #database: Database
  readonly #keySalt: string

  constructor(database: Database, keySalt: string) {
    this.#database = database
    this.#keySalt = keySalt
  }

  /** The owner of a key, whether or not the key is still good; null when no such key was ever issued. */
  @Cached({
    name: 'db:user',
    ttl: TTL.USER,
    negativeTtl: '30s',
    secret: true,
    tags: (user: UserOfKey) => [tags.user(user.id), tags.apiKey(user.keyId)],
  })
  async byKey(apiKey: string): Promise<UserOfKey | null> {
    return selectUserByKeyHash(this.#database, hashKey(apiKey, this.#keySalt))
  }
}
