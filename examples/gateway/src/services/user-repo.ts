import { Cached, TTL } from '@granary/decorators'
import { type Database, queryOne } from '../database/database.ts'
import { hashKey } from '../domain/api-key.ts'
import type { User } from '../domain/user.ts'
import { tags } from '../tags.ts'

/** A user reached through one of their keys. */
export interface UserOfKey extends User {
  readonly keyId: number
}

/** The columns of a {@link User}; balances are not among them. */
export const USER_COLUMNS = `users.id, users.username, users.email, users.privy_user_id as "privyUserId", users.role, users.tier,
  users.is_active as "isActive", users.subscription_status as "subscriptionStatus",
  users.trial_expires_at as "trialExpiresAt", users.settings, users.created_at as "createdAt"`

/** Finds users. */
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
    return queryOne<UserOfKey>(
      this.#database,
      `select ${USER_COLUMNS}, api_keys_new.id as "keyId"
       from api_keys_new join users on users.id = api_keys_new.user_id where api_keys_new.key_hash = $1`,
      [hashKey(apiKey, this.#keySalt)],
    )
  }

  /** The user of this id, straight from the database. */
  async byId(id: number): Promise<User | null> {
    return queryOne<User>(this.#database, `select ${USER_COLUMNS} from users where id = $1`, [id])
  }

  /** The user of this identity, straight from the database. */
  async byPrivyId(privyUserId: string): Promise<User | null> {
    return queryOne<User>(this.#database, `select ${USER_COLUMNS} from users where privy_user_id = $1`, [privyUserId])
  }

  /** The user of this name, straight from the database. */
  async byUsername(username: string): Promise<User | null> {
    return queryOne<User>(this.#database, `select ${USER_COLUMNS} from users where username = $1`, [username])
  }
}
