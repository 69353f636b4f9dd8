import { type Cache, type CacheOptions, createCache } from '@granary/core'
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

/** The cache of a gateway: over the Redis that the environment names, or in memory alone. */
export function createGatewayCache({ redis }: GatewayConfig, options: CacheOptions = {}): Cache {
  return createCache({ namespace: 'gateway', ...(redis ? { redis: 'env' } : {}), ...options })
}

/** Puts a gateway together over a database and a cache, which it closes. */
export function createGateway(database: Database, config: GatewayConfig, cache: Cache): Gateway {
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
