/** One row as the driver returns it: `bigint` columns as safe integers, `numeric` as strings, `timestamptz` as Date. */
export type Row = Record<string, unknown>

/** Something that runs statements: a database, or a transaction in it. */
export interface Queryable {
  /** Runs one statement with `$1`-style values and resolves to its rows. */
  query<R extends object = Row>(text: string, values?: readonly unknown[]): Promise<R[]>
}

/**
 * The port through which the whole gateway talks to PostgreSQL.
 *
 * Two adapters exist, `openPostgres` and `openPglite`; `withLatency` and `QueryCounter` wrap either of them.
 */
export interface Database extends Queryable {
  /** Runs `work` between `begin` and `commit`; a rejection of `work` rolls back and is passed on untouched. */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  /** Ends every connection. */
  close(): Promise<void>
}

/** The first row, or null: for statements that find at most one. */
export async function queryOne<R extends object>(
  on: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<R | null> {
  const rows = await on.query<R>(text, values)
  return rows[0] ?? null
}

/** `bigint` text to a number; throws `RangeError` past 2^53, where a number would silently be another id. */
export function toSafeInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a JavaScript number`)
  return value
}
