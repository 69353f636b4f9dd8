import type { Database, Queryable, Row } from '../database/database.ts'

const BATCH = 2_000

/**
 * Inserts plain rows into a table, some thousands per statement; returns nothing.
 *
 * Every row has the columns of the first. Names of tables and columns come from the code, never from a request.
 */
export async function insertRows(on: Queryable, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ')
  for (let start = 0; start < rows.length; start += BATCH) {
    await on.query(
      `insert into ${table} (${columns}) select ${columns} from jsonb_populate_recordset(null::${table}, $1::jsonb)`,
      [JSON.stringify(rows.slice(start, start + BATCH))],
    )
  }
}

/** Lets the ids of `table` continue after the highest that was inserted by hand. */
export async function continueIds(database: Database, table: string): Promise<void> {
  await database.query(
    `select setval(pg_get_serial_sequence('${table}', 'id'), (select coalesce(max(id), 1) from ${table}))`,
  )
}
