import { type Queryable, queryOne } from '../database/database.ts'
import type { ApiKey } from '../domain/api-key.ts'
import type { User } from '../domain/user.ts'

/** A user reached through one of their keys. */
export interface UserOfKey extends User {
  readonly keyId: number
}

/** The columns of a {@link User}; balances are not among them. */
export const USER_COLUMNS = `users.id, users.username, users.email, users.privy_user_id as "privyUserId", users.role, users.tier,
  users.is_active as "isActive", users.subscription_status as "subscriptionStatus",
  users.trial_expires_at as "trialExpiresAt", users.settings, users.created_at as "createdAt"`

/** The columns of an {@link ApiKey}; the hash is not among them. */
export const KEY_COLUMNS = `id, user_id as "userId", last4, key_name as name, environment_tag as environment,
  is_primary as "isPrimary", is_active as "isActive", is_trial as "isTrial", scope_permissions as "scopePermissions",
  ip_allowlist as "ipAllowlist", domain_referrers as "domainReferrers", expiration_date as "expiresAt",
  created_at as "createdAt"`

/** The key of this hash, in whatever state. */
export function selectKeyByHash(on: Queryable, hash: string): Promise<ApiKey | null> {
  return queryOne<ApiKey>(on, `select ${KEY_COLUMNS} from api_keys_new where key_hash = $1`, [hash])
}

/** The owner of the key of this hash, whether or not the key is still good. */
export function selectUserByKeyHash(on: Queryable, hash: string): Promise<UserOfKey | null> {
  return queryOne<UserOfKey>(
    on,
    `select ${USER_COLUMNS}, api_keys_new.id as "keyId"
     from api_keys_new join users on users.id = api_keys_new.user_id where api_keys_new.key_hash = $1`,
    [hash],
  )
}

/** The user with this value in one of the columns that name users. */
export function selectUser(
  on: Queryable,
  column: 'id' | 'privy_user_id' | 'username',
  value: string | number,
): Promise<User | null> {
  return queryOne<User>(on, `select ${USER_COLUMNS} from users where ${column} = $1`, [value])
}
