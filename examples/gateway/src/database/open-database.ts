import type { Database } from './database.ts'
import { openPglite } from './pglite.ts'
import { openPostgres, type PostgresOptions } from './postgres.ts'

/**
 * Opens the server that `url` names (usually `process.env.DATABASE_URL`), or, without one, an in-process PGlite.
 *
 * PGlite serves one process only. Several processes share `startEmbeddedPostgres()` through its url.
 */
export function openDatabase(url: string | undefined, options?: PostgresOptions): Promise<Database> {
  return url === undefined ? openPglite() : Promise.resolve(openPostgres(url, options))
}
