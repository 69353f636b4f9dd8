import { Cached, Invalidates, TTL } from '@granary/decorators'
import { type Database, type Queryable, queryOne } from '../database/database.ts'
import { InUnitOfWork } from '../database/unit-of-work.ts'
import { NotFound } from '../domain/catalog.ts'
import {
  type Balance,
  type CreditTransaction,
  InsufficientCredits,
  type Movement,
  RequestIdReused,
} from '../domain/credits.ts'
import { tags } from '../tags.ts'

const TRANSACTION_COLUMNS = `request_id as "requestId", amount, transaction_type as type, description,
  balance_before as "balanceBefore", balance_after as "balanceAfter"`

/** How a movement changes the two pots of a user; `$2` is its amount, and a debit takes from the allowance first. */
const POTS = {
  credit: 'purchased_credits = purchased_credits + $2',
  debit: `subscription_allowance = greatest(subscription_allowance - $2, 0),
    purchased_credits = purchased_credits - greatest($2 - subscription_allowance, 0)`,
}

/** Keeps users' money. */
export class CreditRepo {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** What a user owns, to show it. Nothing that spends may ask here: it asks the database, in its own transaction. */
  @Cached({
    name: 'db:credits',
    ttl: TTL.CREDITS,
    tags: (balance: Balance) => [tags.credits(balance.userId)],
    negativeTags: (userId: number) => [tags.credits(userId)],
  })
  async balance(userId: number): Promise<Balance | null> {
    return queryOne<Balance>(
      this.#database,
      `select id as "userId", subscription_allowance as "subscriptionAllowance", purchased_credits as "purchasedCredits",
         subscription_allowance + purchased_credits as total
       from users where id = $1`,
      [userId],
    )
  }

  /** The latest movements of a user, newest first, straight from the database. */
  async transactions(userId: number, limit: number): Promise<CreditTransaction[]> {
    return this.#database.query<CreditTransaction>(
      `select ${TRANSACTION_COLUMNS} from credit_transactions where user_id = $1 order by id desc limit $2`,
      [userId, limit],
    )
  }

  /** Adds credits. A request id that was used before answers with the movement it made. */
  @InUnitOfWork()
  @Invalidates({ tags: ({ userId }: Movement) => [tags.credits(userId)] })
  async add(movement: Movement): Promise<CreditTransaction> {
    return this.#move(movement, 'credit')
  }

  /** Takes credits, from the allowance first. Throws {@link InsufficientCredits}: the database decides, in the transaction. */
  @InUnitOfWork()
  @Invalidates({ tags: ({ userId }: Movement) => [tags.credits(userId)] })
  async deduct(movement: Movement): Promise<CreditTransaction> {
    return this.#move(movement, 'debit')
  }

  async #move(movement: Movement, kind: keyof typeof POTS): Promise<CreditTransaction> {
    return this.#database.transaction(async (transaction) => {
      const before = await lockBalance(transaction, movement.userId)
      const earlier = await earlierMovement(transaction, movement, kind)
      if (earlier !== null) return earlier
      const after = await changePots(transaction, movement, kind)
      return record(transaction, { movement, kind, before, after })
    })
  }
}

/** Reads the balance and holds the user's row until the transaction ends: movements of one user take turns. */
async function lockBalance(on: Queryable, userId: number): Promise<string> {
  const row = await queryOne<{ total: string }>(
    on,
    'select subscription_allowance + purchased_credits as total from users where id = $1 for update',
    [userId],
  )
  if (row === null) throw new NotFound(`user ${userId}`)
  return row.total
}

async function earlierMovement(
  on: Queryable,
  { userId, amount, requestId }: Movement,
  kind: keyof typeof POTS,
): Promise<CreditTransaction | null> {
  const earlier = await queryOne<CreditTransaction & { same: boolean }>(
    on,
    `select ${TRANSACTION_COLUMNS}, user_id = $2 and amount = $3::numeric as same from credit_transactions where request_id = $1`,
    [requestId, userId, signed(amount, kind)],
  )
  if (earlier === null) return null
  const { same, ...transaction } = earlier
  if (!same) throw new RequestIdReused(requestId)
  return transaction
}

async function changePots(on: Queryable, { userId, amount }: Movement, kind: keyof typeof POTS): Promise<string> {
  const covered = kind === 'credit' ? '' : 'and subscription_allowance + purchased_credits >= $2'
  const row = await queryOne<{ total: string }>(
    on,
    `update users set ${POTS[kind]}, updated_at = now() where id = $1 ${covered}
     returning subscription_allowance + purchased_credits as total`,
    [userId, amount],
  )
  if (row === null) throw new InsufficientCredits(amount)
  return row.total
}

interface Moved {
  readonly movement: Movement
  readonly kind: keyof typeof POTS
  readonly before: string
  readonly after: string
}

async function record(on: Queryable, { movement, kind, before, after }: Moved): Promise<CreditTransaction> {
  const { userId, amount, requestId, description = '' } = movement
  const row = await queryOne<CreditTransaction>(
    on,
    `insert into credit_transactions (user_id, amount, transaction_type, description, balance_before, balance_after, request_id)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${TRANSACTION_COLUMNS}`,
    [userId, signed(amount, kind), kind, description, before, after, requestId],
  )
  if (row === null) throw new Error('an insert returned no row')
  return row
}

function signed(amount: string, kind: keyof typeof POTS): string {
  return kind === 'credit' ? amount : `-${amount}`
}
