import { type Duration, parseDuration } from '../duration.ts'
import { InvalidOption } from '../errors.ts'
import type { ClaimedMessage, Outbox, OutboxMessage } from './outbox.ts'

/** What runs SQL: a pg `Pool`, `Client` or `PoolClient`, a PGlite database or one of its transactions. */
export interface SqlClient {
  /** Runs a statement; values stand for `$1`, `$2` and so on. */
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>
}

/** How an outbox in PostgreSQL is made. */
export interface PostgresOutboxOptions {
  /** Runs what needs no transaction: claiming and removing. A pool, usually. */
  readonly database: SqlClient
  /** The table, perhaps with its schema. Default: `granary_outbox`. */
  readonly table?: string
  /**
   * How long a message is left to whoever wrote or claimed it before another process may take it. Default: `'5s'`. It bounds how
   * long an invalidation is late when the process that made it dies.
   */
  readonly grace?: Duration
}

const TABLE = 'granary_outbox'
const TABLE_FORM = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)?$/

/**
 * The statement that makes the table of an outbox; put it into a migration.
 *
 * @throws InvalidOption when `table` is not a plain name, perhaps with its schema.
 */
export function outboxSchema(table: string = TABLE): string {
  const name = checkTable(table)
  return `CREATE TABLE IF NOT EXISTS ${name} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text NOT NULL,
  body text NOT NULL,
  due_at timestamptz NOT NULL
)`
}

/**
 * An outbox in PostgreSQL, for {@link Cache.transaction}. Times are the database's; several processes may deliver at once
 * (`FOR UPDATE SKIP LOCKED`), and one that dies while it delivers leaves its messages to the others.
 *
 * @example
 * ```ts
 * const outbox = postgresOutbox({ database: pool })
 * const stop = cache.keepDelivering(outbox)
 *
 * await cache.transaction(async (pending) => {
 *   const client = await pool.connect()
 *   await client.query('BEGIN')
 *   await client.query('UPDATE users SET name = $1 WHERE id = $2', ['Ada', 42])
 *   await cache.invalidateTags(['user:42'])
 *   await pending.save(outbox, client)
 *   await client.query('COMMIT')
 * })
 * ```
 * @throws InvalidOption when the table or the grace cannot be used.
 */
export function postgresOutbox<Client extends SqlClient = SqlClient>({
  database,
  table = TABLE,
  grace = '5s',
}: PostgresOutboxOptions): Outbox<Client> {
  const name = checkTable(table)
  const graceMs = parseDuration(grace, 'grace')
  if (typeof database?.query !== 'function')
    throw new InvalidOption('database', database, 'it has a query(text, values) method')
  return {
    async save(client: Client, { namespace, body }: OutboxMessage): Promise<string> {
      const { rows } = await client.query(
        `INSERT INTO ${name} (namespace, body, due_at)
         VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond') RETURNING id`,
        [namespace, body, graceMs],
      )
      return idOf(rows[0])
    },
    async claim(namespace: string, count: number): Promise<readonly ClaimedMessage[]> {
      const { rows } = await database.query(
        `WITH due AS MATERIALIZED (
           SELECT id FROM ${name} WHERE namespace = $1 AND due_at <= clock_timestamp()
           ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE ${name} AS message SET due_at = clock_timestamp() + $3 * interval '1 millisecond'
         FROM due WHERE message.id = due.id RETURNING message.id, message.body`,
        [namespace, count, graceMs],
      )
      return rows.map((row) => ({ id: idOf(row), body: String((row as { body: unknown }).body) }))
    },
    async remove(ids: readonly string[]): Promise<void> {
      if (ids.length > 0) await database.query(`DELETE FROM ${name} WHERE id = ANY($1::bigint[])`, [[...ids]])
    },
  }
}

function idOf(row: unknown): string {
  return String((row as { id: unknown }).id)
}

function checkTable(table: unknown): string {
  if (typeof table !== 'string' || !TABLE_FORM.test(table))
    throw new InvalidOption('table', table, 'it is letters, digits and _, perhaps with a schema before a dot')
  return table
}
