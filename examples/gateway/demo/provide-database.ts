import { randomBytes } from 'node:crypto'
import type { Database } from '../src/database/database.ts'
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts'
import { migrate } from '../src/database/migrate.ts'
import { openPostgres } from '../src/database/postgres.ts'

/** The database that the fleet shares. */
export interface DemoDatabase {
  /** For `DATABASE_URL` of the fleet. */
  readonly url: string
  readonly description: string
  /** The driver's own connection. */
  readonly connection: Database
  stop(): Promise<void>
}

/** A migrated, empty database: in a schema of its own on the server of `DATABASE_URL`, or a server of its own. */
export async function provideDatabase(url: string | undefined): Promise<DemoDatabase> {
  return url === undefined ? embedded() : ownSchema(url)
}

async function embedded(): Promise<DemoDatabase> {
  const server = await startEmbeddedPostgres()
  const connection = openPostgres(server.url)
  await migrate(connection)
  const stop = async () => {
    await connection.close()
    await server.stop()
  }
  return { url: server.url, description: 'an embedded PostgreSQL', connection, stop }
}

async function ownSchema(url: string): Promise<DemoDatabase> {
  const schema = `gateway_demo_${randomBytes(4).toString('hex')}`
  const admin = openPostgres(url, { connections: 1 })
  await admin.query(`create schema ${schema}`)
  const own = new URL(url)
  own.searchParams.set('options', `-c search_path=${schema}`)
  const connection = openPostgres(own.href)
  await migrate(connection)
  const stop = async () => {
    await connection.close()
    await admin.query(`drop schema ${schema} cascade`)
    await admin.close()
  }
  return { url: own.href, description: `the PostgreSQL of DATABASE_URL, in schema ${schema}`, connection, stop }
}
