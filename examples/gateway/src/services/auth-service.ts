import { type Duration, ms } from '@granary/core'
import { Cached, TTL } from '@granary/decorators'
import type { Database } from '../database/database.ts'
import { type ApiKey, hashKey } from '../domain/api-key.ts'
import type { User } from '../domain/user.ts'
import { tags } from '../tags.ts'
import { selectKeyByHash, selectUser, selectUserByKeyHash, type UserOfKey } from './account-queries.ts'

/** Answers who is calling: the gateway asks it on every request. */
export class AuthService {
  readonly #database: Database
  readonly #keySalt: string

  constructor(database: Database, keySalt: string) {
    this.#database = database
    this.#keySalt = keySalt
  }

  /**
   * The key of this text, whether or not it is still good, or null when it was never issued.
   *
   * A revoked or expired key is an answer of its own, tagged with the key: only texts that no key ever had are remembered
   * as absent, and issuing a key forgets that.
   */
  @Cached({
    name: 'auth:api_key',
    ttl: untilExpiry,
    negativeTtl: '30s',
    secret: true,
    tags: (key: ApiKey) => [tags.apiKey(key.id), tags.user(key.userId)],
  })
  async validateKey(apiKey: string): Promise<ApiKey | null> {
    return selectKeyByHash(this.#database, hashKey(apiKey, this.#keySalt))
  }

  /** The owner of a key, without balances. */
  @Cached({
    name: 'auth:key_user',
    ttl: TTL.USER,
    negativeTtl: '30s',
    secret: true,
    tags: (user: UserOfKey) => [tags.user(user.id), tags.apiKey(user.keyId)],
  })
  async userByKey(apiKey: string): Promise<UserOfKey | null> {
    return selectUserByKeyHash(this.#database, hashKey(apiKey, this.#keySalt))
  }

  /** The user of this id. */
  @Cached({
    name: 'auth:user_id',
    ttl: TTL.USER,
    negativeTtl: '30s',
    tags: (user: User) => [tags.user(user.id)],
    negativeTags: (id: number) => [tags.user(id)],
  })
  async userById(id: number): Promise<User | null> {
    return selectUser(this.#database, 'id', id)
  }

  /** The user of this identity at the identity provider. */
  @Cached({ name: 'auth:privy_id', ttl: TTL.USER, negativeTtl: '30s', tags: (user: User) => [tags.user(user.id)] })
  async userByPrivyId(privyUserId: string): Promise<User | null> {
    return selectUser(this.#database, 'privy_user_id', privyUserId)
  }

  /** The user of this name. */
  @Cached({ name: 'auth:username', ttl: TTL.USER, negativeTtl: '30s', tags: (user: User) => [tags.user(user.id)] })
  async userByUsername(username: string): Promise<User | null> {
    return selectUser(this.#database, 'username', username)
  }
}

/** Ten minutes, or less when the key ends before; a key that has ended stays ended. */
export function untilExpiry(key: ApiKey): Duration {
  const left = key.expiresAt === null ? Number.POSITIVE_INFINITY : key.expiresAt.getTime() - Date.now()
  return left <= 0 || left >= 600_000 ? TTL.API_KEY : ms(Math.ceil(left))
}
