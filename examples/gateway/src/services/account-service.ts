import { entryOf, Invalidates } from '@granary/decorators'
import type { Database, Queryable } from '../database/database.ts'
import { queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { NotFound } from '../domain/catalog.ts'
import { AlreadyTaken, type NewUser, type ProfileChanges, type User } from '../domain/user.ts'
import { TRIAL_CONFIG } from '../seed/plans.ts'
import { tags } from '../tags.ts'
import { USER_COLUMNS } from './account-queries.ts'
import { AuthService } from './auth-service.ts'

const UNIQUE_VIOLATION = '23505'
/** Stands for a name or identity that a change does not touch: no user has it, so forgetting it costs nothing. */
const NOBODY = ''

/** Changes users. Each method says what it makes untrue. */
export class AccountService {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Adds a user on trial. Throws {@link AlreadyTaken}. */
  @InUnitOfWork()
  @Invalidates({
    resultTags: (user: User) => [tags.user(user.id)],
    entries: [
      entryOf(() => AuthService, 'userByUsername')((user: NewUser) => [user.username]),
      entryOf(() => AuthService, 'userByPrivyId')((user: NewUser) => [user.privyUserId ?? NOBODY]),
    ],
  })
  async register({ username, email, privyUserId }: NewUser): Promise<User> {
    const days = TRIAL_CONFIG.trial_days
    return this.#change(
      `insert into users (username, email, privy_user_id, trial_expires_at)
       values ($1, $2, $3, now() + make_interval(days => $4::int)) returning ${USER_COLUMNS}`,
      [username, email, privyUserId, days],
    )
  }

  /** Changes what a user says about themselves and resolves to the new state. Throws {@link AlreadyTaken}. */
  @InUnitOfWork()
  @Invalidates({
    tags: (userId: number) => [tags.user(userId)],
    entries: [
      entryOf(
        () => AuthService,
        'userByUsername',
      )((_userId: number, changes: ProfileChanges) => [changes.username ?? NOBODY]),
    ],
  })
  async updateProfile(userId: number, changes: ProfileChanges): Promise<User> {
    const { username, email, settings } = changes
    return this.#change(
      `update users set username = coalesce($2, username), email = coalesce($3, email),
         settings = coalesce($4::jsonb, settings), updated_at = now()
       where id = $1 returning ${USER_COLUMNS}`,
      [userId, username ?? null, email ?? null, settings === undefined ? null : JSON.stringify(settings)],
    )
  }

  /** Gives a user an identity at the identity provider. Throws {@link AlreadyTaken}. */
  @InUnitOfWork()
  @Invalidates({
    tags: (userId: number) => [tags.user(userId)],
    entries: [entryOf(() => AuthService, 'userByPrivyId')((_userId: number, privyUserId: string) => [privyUserId])],
  })
  async attachIdentity(userId: number, privyUserId: string): Promise<User> {
    return this.#change(
      `update users set privy_user_id = $2, updated_at = now() where id = $1 returning ${USER_COLUMNS}`,
      [userId, privyUserId],
    )
  }

  /** Moves a user to another tier. */
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)] })
  async setTier(userId: number, tier: string): Promise<User> {
    return this.#change(`update users set tier = $2, updated_at = now() where id = $1 returning ${USER_COLUMNS}`, [
      userId,
      tier,
    ])
  }

  /** Locks a user out, with every key they have. */
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)] })
  async suspend(userId: number): Promise<User> {
    return this.#activate(userId, false, 'suspended')
  }

  /** Lets a suspended user back in. */
  @InUnitOfWork()
  @Invalidates({ tags: (userId: number) => [tags.user(userId)] })
  async reinstate(userId: number): Promise<User> {
    return this.#activate(userId, true, 'active')
  }

  async #activate(userId: number, isActive: boolean, status: string): Promise<User> {
    return this.#change(
      `update users set is_active = $2, subscription_status = $3, updated_at = now() where id = $1 returning ${USER_COLUMNS}`,
      [userId, isActive, status],
    )
  }

  async #change(text: string, values: readonly unknown[]): Promise<User> {
    const user = await changedUser(this.#database, text, values)
    if (user === null) throw new NotFound(`user ${values[0]}`)
    return user
  }
}

async function changedUser(on: Queryable, text: string, values: readonly unknown[]): Promise<User | null> {
  try {
    return await queryOne<User>(on, text, values)
  } catch (error) {
    throw isUniqueViolation(error) ? new AlreadyTaken(error) : error
  }
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNIQUE_VIOLATION
}
