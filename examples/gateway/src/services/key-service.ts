import { entryOf, Invalidates, RateLimited } from '@granary/decorators'
import { LIMITS } from '@granary/rate-limit'
import { type Database, type Queryable, queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { type ApiKey, generateKey, hashKey, type IssuedKey, type KeyChanges, type NewKey } from '../domain/api-key.ts'
import { NotFound } from '../domain/catalog.ts'
import { tags } from '../tags.ts'
import { KEY_COLUMNS } from './account-queries.ts'
import { AuthService } from './auth-service.ts'
import { KeyRepo } from './key-repo.ts'
import { UserRepo } from './user-repo.ts'

/** What issuing keys is made of. */
export interface KeyParts {
  readonly database: Database
  readonly keySalt: string
  /** Makes the text of a key; by default from the system's randomness. */
  readonly generate?: typeof generateKey
}

/** A new key may have been asked for before it existed: these answers of "no such key" are forgotten. */
const FORGET_ABSENCE = [
  entryOf(() => AuthService, 'validateKey').fromResult((issued: IssuedKey) => [issued.plaintext]),
  entryOf(() => AuthService, 'userByKey').fromResult((issued: IssuedKey) => [issued.plaintext]),
  entryOf(() => UserRepo, 'byKey').fromResult((issued: IssuedKey) => [issued.plaintext]),
  entryOf(() => KeyRepo, 'byHash').fromResult((issued: IssuedKeyWithHash) => [issued.hash]),
]

interface IssuedKeyWithHash extends IssuedKey {
  readonly hash: string
}

/** Issues, changes and revokes API keys. */
export class KeyService {
  readonly #database: Database
  readonly #keySalt: string
  readonly #generate: typeof generateKey

  constructor({ database, keySalt, generate = generateKey }: KeyParts) {
    this.#database = database
    this.#keySalt = keySalt
    this.#generate = generate
  }

  /** Issues a key. Its text is in the result and nowhere else. Throws `RateLimitExceeded` when a user wants too many. */
  @RateLimited({ name: 'key-create', limits: LIMITS.KEY_CREATE, key: (userId: number) => userId })
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)], entries: FORGET_ABSENCE })
  async create(userId: number, wanted: NewKey): Promise<IssuedKeyWithHash> {
    const { plaintext, hash } = this.#makeText(wanted)
    return this.#database.transaction(async (transaction) => {
      const key = await requireKey(
        transaction,
        `insert into api_keys_new (user_id, key_hash, last4, key_name, environment_tag, expiration_date, is_primary)
         values ($1, $2, $3, $4, $5, $6, not exists (select from api_keys_new where user_id = $1 and is_primary))
         returning ${KEY_COLUMNS}`,
        [userId, hash, plaintext.slice(-4), wanted.name, wanted.environment, wanted.expiresAt ?? null],
      )
      await audit(transaction, key, 'created')
      return { plaintext, hash, key: wanted.trial === true ? await startTrial(transaction, key) : key }
    })
  }

  /** Replaces the text of a key: the old one stops working, everything else about the key stays. */
  @InUnitOfWork()
  @Invalidates({ tags: (_userId: number, keyId: number) => [tags.apiKey(keyId)], entries: FORGET_ABSENCE })
  async rotate(userId: number, keyId: number): Promise<IssuedKeyWithHash> {
    return this.#database.transaction(async (transaction) => {
      const old = await requireKey(
        transaction,
        `select ${KEY_COLUMNS} from api_keys_new where id = $2 and user_id = $1 for update`,
        [userId, keyId],
      )
      const { plaintext, hash } = this.#makeText(old)
      const key = await requireKey(
        transaction,
        `update api_keys_new set key_hash = $3, last4 = $4, updated_at = now() where id = $2 and user_id = $1
         returning ${KEY_COLUMNS}`,
        [userId, keyId, hash, plaintext.slice(-4)],
      )
      await audit(transaction, key, 'rotated')
      return { plaintext, hash, key }
    })
  }

  /** Changes a key's name, where it may be used from, or when it ends. */
  @InUnitOfWork()
  @Invalidates({ tags: (_userId: number, keyId: number) => [tags.apiKey(keyId)] })
  async update(userId: number, keyId: number, changes: KeyChanges): Promise<ApiKey> {
    return this.#database.transaction(async (transaction) => {
      const key = await requireKey(
        transaction,
        `update api_keys_new set key_name = coalesce($3, key_name), ip_allowlist = coalesce($4, ip_allowlist),
           domain_referrers = coalesce($5, domain_referrers),
           expiration_date = case when $6 then $7::timestamptz else expiration_date end, updated_at = now()
         where id = $2 and user_id = $1 returning ${KEY_COLUMNS}`,
        [
          userId,
          keyId,
          changes.name ?? null,
          changes.ipAllowlist ?? null,
          changes.domainReferrers ?? null,
          changes.expiresAt !== undefined,
          changes.expiresAt ?? null,
        ],
      )
      await audit(transaction, key, 'updated')
      return key
    })
  }

  /** Ends a key at once, in every process. */
  @InUnitOfWork()
  @Invalidates({ tags: (_userId: number, keyId: number) => [tags.apiKey(keyId)] })
  async revoke(userId: number, keyId: number): Promise<ApiKey> {
    return this.#database.transaction(async (transaction) => {
      const key = await requireKey(
        transaction,
        `update api_keys_new set is_active = false, updated_at = now() where id = $2 and user_id = $1
         returning ${KEY_COLUMNS}`,
        [userId, keyId],
      )
      await audit(transaction, key, 'revoked')
      return key
    })
  }

  #makeText({ environment }: Pick<NewKey, 'environment'>): { plaintext: string; hash: string } {
    const plaintext = this.#generate(environment)
    return { plaintext, hash: hashKey(plaintext, this.#keySalt) }
  }
}

async function requireKey(on: Queryable, text: string, values: readonly unknown[]): Promise<ApiKey> {
  const key = await queryOne<ApiKey>(on, text, values)
  if (key === null) throw new NotFound(`key ${values[1]} of user ${values[0]}`)
  return key
}

async function startTrial(on: Queryable, key: ApiKey): Promise<ApiKey> {
  return requireKey(
    on,
    `update api_keys_new set is_trial = true, trial_start_date = now(),
       trial_end_date = now() + make_interval(days => offer.trial_days), trial_max_requests = offer.trial_requests,
       trial_max_tokens = offer.trial_tokens, trial_credits = offer.given
     from (select trial_days, trial_requests, trial_tokens, trial_credits as given from trial_config where is_active
       order by id desc limit 1) as offer
     where user_id = $1 and api_keys_new.id = $2 returning ${KEY_COLUMNS.replace(/^id/, 'api_keys_new.id')}`,
    [key.userId, key.id],
  )
}

async function audit(on: Queryable, key: ApiKey, action: string): Promise<void> {
  await on.query('insert into api_key_audit_logs (user_id, api_key_id, action) values ($1, $2, $3)', [
    key.userId,
    key.id,
    action,
  ])
}
