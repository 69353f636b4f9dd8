import { readdir, readFile } from 'node:fs/promises'
import type { Database } from './database.ts'

const FOLDER = new URL('../../migrations/', import.meta.url)
/** Any number will do, as long as every process that migrates this schema uses the same one. */
const LOCK = 7_201_133

/**
 * Brings the schema up to date: every `migrations/*.sql` that `schema_migrations` does not list yet, in order of name.
 *
 * Each file is applied and recorded in one transaction, under an advisory lock, so several processes may start at once.
 * Resolves to the names applied by this call.
 */
export async function migrate(database: Database): Promise<string[]> {
  const applied: string[] = []
  for (const name of await migrationNames()) {
    const text = await readFile(new URL(name, FOLDER), 'utf8')
    if (await apply(database, name, text)) applied.push(name)
  }
  return applied
}

async function migrationNames(): Promise<string[]> {
  const names = await readdir(FOLDER)
  return names.filter((name) => name.endsWith('.sql')).sort()
}

async function apply(database: Database, name: string, text: string): Promise<boolean> {
  return database.transaction(async (transaction) => {
    await transaction.query('select pg_advisory_xact_lock($1)', [LOCK])
    await transaction.query(
      'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
    )
    const claimed = await transaction.query(
      'insert into schema_migrations (name) values ($1) on conflict do nothing returning name',
      [name],
    )
    if (claimed.length === 0) return false
    for (const statement of statementsOf(text)) await transaction.query(statement)
    return true
  })
}

/** Splits a migration at the semicolons that end a line; comments go. Migrations here contain no function bodies. */
export function statementsOf(text: string): string[] {
  const code = text.replace(/^\s*--.*$/gm, '')
  return code
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
}
