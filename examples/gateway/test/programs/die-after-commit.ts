/**
 * A gateway process that dies at the worst moment: the transaction is committed, and nothing has been sent. What it does is in its
 * arguments: the url of the database, the user whose balance it changes, and whether the outbox is written.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { configureGranary } from '@granary/decorators'
import type { Database } from '../../src/database/database.ts'
import { openPostgres } from '../../src/database/postgres.ts'
import { UnitOfWork } from '../../src/database/unit-of-work.ts'
import { createGatewayCache } from '../../src/gateway.ts'
import { createServices } from '../../src/services/services.ts'
import { configFor, SECRETS } from '../fixture.ts'

const [url = '', userId = '', outbox = ''] = process.argv.slice(2)
const cache = createGatewayCache({ ...configFor(url), redis: true })
configureGranary({ cache })
await cache.ready()
const database = openPostgres(url)
const mortal: Database = {
  ...database,
  transaction: async (work) => {
    await database.transaction(work)
    process.kill(process.pid, 'SIGKILL')
    return wait(60_000) as never
  },
}
const unit = outbox === 'with-outbox' ? new UnitOfWork(mortal, cache) : undefined
const services = createServices(unit?.database ?? mortal, SECRETS, unit)
await services.credits.add({ userId: Number(userId), amount: '5.0000', requestId: randomUUID() })
