import { readCatalogSnapshot } from './catalog/snapshot.ts'
import { readConfig } from './config.ts'
import { migrate } from './database/migrate.ts'
import { openDatabase } from './database/open-database.ts'
import { createGateway, createGatewayCache } from './gateway.ts'
import { seedOffer } from './seed/seed-database.ts'

const config = readConfig(process.env)
const database = await openDatabase(config.databaseUrl)
await migrate(database)
await seedOffer(database, readCatalogSnapshot())
const gateway = createGateway(database, config, createGatewayCache(config))
await gateway.app.listen({ port: config.port, host: '127.0.0.1' })

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await gateway.close()
    await database.close()
  })
}
