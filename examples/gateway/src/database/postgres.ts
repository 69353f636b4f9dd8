import pg from 'pg'
import { type Database, type Queryable, toSafeInteger } from './database.ts'

const INT8 = 20

/** Settings of `openPostgres`. */
export interface PostgresOptions {
  /** Connections in the pool; 10 by default. */
  readonly connections?: number
}

/** Opens a pool of connections to the PostgreSQL server that `url` names. */
export function openPostgres(url: string, options: PostgresOptions = {}): Database {
  const pool = new pg.Pool({ connectionString: url, max: options.connections ?? 10, types: { getTypeParser } })
  // An idle connection that breaks is replaced by the pool; without a listener its error would end the process.
  pool.on('error', () => {})
  const statements = new StatementNames()
  return {
    query: (text, values) => run(pool, statements, text, values),
    transaction: (work) => inTransaction(pool, statements, work),
    close: () => pool.end(),
  }
}

type Client = Pick<pg.PoolClient, 'query'>

async function run<R extends object>(
  client: Client | pg.Pool,
  statements: StatementNames,
  text: string,
  values: readonly unknown[] = [],
): Promise<R[]> {
  const result = await client.query<R & pg.QueryResultRow>({ name: statements.of(text), text, values: [...values] })
  return result.rows
}

async function inTransaction<T>(
  pool: pg.Pool,
  statements: StatementNames,
  work: (transaction: Queryable) => Promise<T>,
): Promise<T> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query('begin')
    const value = await work({ query: (text, values) => run(client, statements, text, values) })
    await client.query('commit')
    return value
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** Names for prepared statements, so that the server parses and plans each text once per connection. */
class StatementNames {
  readonly #names = new Map<string, string>()

  of(text: string): string {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    const name = `s${this.#names.size}`
    this.#names.set(text, name)
    return name
  }
}

const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === INT8 ? toSafeInteger : pg.types.getTypeParser(oid, format as 'text')
