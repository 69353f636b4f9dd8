import { type Cache, createCache } from '@granary/core'
import { configureGranary } from '@granary/decorators'
import type { FastifyInstance } from 'fastify'
import type { GatewayConfig } from './config.ts'
import type { Database } from './database/database.ts'
import { QueryCounter } from './database/query-counter.ts'
import { createApp } from './http/app.ts'
import { createServices, type Services } from './services/services.ts'

/** A gateway that is ready to listen. */
export interface Gateway {
  readonly app: FastifyInstance
  readonly services: Services
  readonly cache: Cache
  readonly queries: QueryCounter
  /** Stops listening, finishes background work and closes the cache; the database belongs to the caller. */
  close(): Promise<void>
}

/** Puts a gateway together over a database. Redis is found through the environment, and without it memory serves alone. */
export function createGateway(database: Database, config: GatewayConfig, cache: Cache = defaultCache()): Gateway {
  const restore = configureGranary({ cache })
  const queries = new QueryCounter()
  const counted = queries.count(database)
  const services = createServices(counted, config)
  const readCatalog = async () => (await import('./catalog/snapshot.ts')).readCatalogSnapshot()
  const app = createApp({ services, database: counted, cache, queries, readCatalog, ...config })
  return {
    app,
    services,
    cache,
    queries,
    close: async () => {
      await app.close()
      await cache.close()
      restore()
    },
  }
}

function defaultCache(): Cache {
  return createCache({ namespace: 'gateway', redis: 'env' })
}
