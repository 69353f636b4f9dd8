import { type Cache, type CacheOptions, createCache } from '@granary/core'
import { configureGranary } from '@granary/decorators'
import { createRateLimiter, type RateLimiterOptions } from '@granary/rate-limit'
import type { SemanticCache } from '@granary/semantic'
import type { FastifyInstance } from 'fastify'
import type { ChatProvider } from './chat/chat-provider.ts'
import { ChatService } from './chat/chat-service.ts'
import { FakeProvider } from './chat/fake-provider.ts'
import { createResponseCache, type ResponseCacheOptions } from './chat/response-cache.ts'
import type { GatewayConfig } from './config.ts'
import type { Database } from './database/database.ts'
import { QueryCounter } from './database/query-counter.ts'
import { UnitOfWork } from './database/unit-of-work.ts'
import { createApp } from './http/app.ts'
import { createLimits, type Limits } from './limits/limits.ts'
import { createServices, type Services } from './services/services.ts'

/** A gateway that is ready to listen. */
export interface Gateway {
  readonly app: FastifyInstance
  readonly services: Services
  readonly limits: Limits
  readonly cache: Cache
  readonly queries: QueryCounter
  /** Answers of models. */
  readonly answers: SemanticCache
  /** Stops listening, finishes background work and closes the cache; the database belongs to the caller. */
  close(): Promise<void>
}

/** The cache of a gateway: over the Redis that the environment names, or in memory alone. */
export function createGatewayCache({ redis }: GatewayConfig, options: CacheOptions = {}): Cache {
  return createCache({ namespace: 'gateway', ...(redis ? { redis: 'env' } : {}), ...options })
}

/** What a gateway may be given beside its database and its cache. */
export interface GatewayOptions {
  /** Answers chat requests. Default: a {@link FakeProvider}. */
  readonly provider?: ChatProvider
  /** Options of the response cache of chat answers. */
  readonly chat?: ResponseCacheOptions
  /** Options of the rate limiter, beside where its Redis is. */
  readonly limiter?: Omit<RateLimiterOptions, 'redis' | 'namespace'>
}

/** Puts a gateway together over a database and a cache, which it closes. Limits are counted in the Redis of the cache. */
export function createGateway(
  database: Database,
  config: GatewayConfig,
  cache: Cache,
  { provider = new FakeProvider(), limiter: limiterOptions = {}, chat: chatOptions = {} }: GatewayOptions = {},
): Gateway {
  const { redis, namespace } = cache
  const limiter = createRateLimiter({ ...limiterOptions, redis, namespace })
  const restore = configureGranary({ cache, rateLimiter: limiter })
  const queries = new QueryCounter()
  const counted = queries.count(database)
  const unit = new UnitOfWork(counted, cache, database)
  const services = createServices(unit.database, config, unit)
  const limits = createLimits(limiter, services.rateLimits)
  cache.keepDelivering(unit.outbox)
  const answers = createResponseCache(cache, chatOptions)
  const chat = new ChatService({ provider, catalog: services.catalog, answers })
  const readCatalog = async () => (await import('./catalog/snapshot.ts')).readCatalogSnapshot()
  const app = createApp({ services, limits, chat, answers, database: counted, cache, queries, readCatalog, ...config })
  return {
    app,
    services,
    limits,
    cache,
    queries,
    answers,
    close: async () => {
      await app.close()
      await answers.close()
      await Promise.all([cache.close(), limiter.close()])
      restore()
    },
  }
}
