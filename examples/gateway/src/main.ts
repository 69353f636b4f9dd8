import { readConfig } from './config.ts'
import { migrate } from './database/migrate.ts'
import { openDatabase } from './database/open-database.ts'
import { createGateway } from './gateway.ts'

const config = readConfig(process.env)
const database = await openDatabase(config.databaseUrl)
await migrate(database)
const gateway = createGateway(database, config)
await gateway.app.listen({ port: config.port, host: '127.0.0.1' })

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await gateway.close()
    await database.close()
  })
}
