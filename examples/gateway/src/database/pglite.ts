import { PGlite, types } from '@electric-sql/pglite'
import { type Database, type Queryable, toSafeInteger } from './database.ts'

/** Opens PostgreSQL compiled to WebAssembly inside this process: nothing to install, nothing shared, gone at the end. */
export async function openPglite(): Promise<Database> {
  const pglite = await PGlite.create({ parsers: { [types.INT8]: toSafeInteger } })
  return {
    query: (text, values) => run(pglite, text, values),
    transaction: (work) => pglite.transaction((inner) => work({ query: (text, values) => run(inner, text, values) })),
    close: () => pglite.close(),
  }
}

async function run<R extends object>(
  on: Pick<PGlite, 'query'>,
  ...[text, values]: Parameters<Queryable['query']>
): Promise<R[]> {
  const result = await on.query<R>(text, values === undefined ? [] : [...values])
  return result.rows
}
