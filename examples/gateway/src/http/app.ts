import type { Cache } from '@granary/core'
import type { SemanticCache } from '@granary/semantic'
import { type FastifyInstance, fastify } from 'fastify'
import type { ChatService } from '../chat/chat-service.ts'
import type { Database } from '../database/database.ts'
import type { QueryCounter } from '../database/query-counter.ts'
import type { Limits } from '../limits/limits.ts'
import type { Services } from '../services/services.ts'
import { requireAdminToken } from './admin-token.ts'
import { followBookmarks } from './bookmark.ts'
import { reportDelivery } from './delivery.ts'
import { answerErrors } from './errors.ts'
import { adminAccountRoutes } from './routes/admin-accounts.ts'
import { adminCacheRoutes } from './routes/admin-cache.ts'
import { adminCatalogRoutes, type ReadCatalog } from './routes/admin-catalog.ts'
import { adminRateLimitRoutes } from './routes/admin-rate-limits.ts'
import { authRoutes } from './routes/auth.ts'
import { catalogRoutes } from './routes/catalog.ts'
import { chatRoutes } from './routes/chat.ts'
import { healthRoutes } from './routes/health.ts'
import { userRoutes } from './routes/user.ts'

/** What the HTTP side of the gateway is made of. */
export interface AppParts {
  readonly services: Services
  readonly limits: Limits
  readonly chat: ChatService
  readonly answers: SemanticCache
  readonly database: Database
  readonly cache: Cache
  readonly queries: QueryCounter
  readonly readCatalog: ReadCatalog
  readonly keySalt: string
  readonly adminToken: string
  readonly identitySecret: string
  readonly trustedProxies: readonly string[]
}

/** What is logged of an error: never its own fields, which may hold what a method resolved to, such as a new API key. */
function describeError(error: Error) {
  return { type: error.name, message: error.message, stack: error.stack ?? '' }
}

/** Puts the routes together; the caller decides where to listen. */
export function createApp(parts: AppParts): FastifyInstance {
  const { services, limits, chat, answers, database, cache, queries, readCatalog } = parts
  const { keySalt, adminToken, identitySecret, trustedProxies } = parts
  const app = fastify({
    // Failures are for whoever runs the gateway; stdout stays free for what a program has to say.
    logger: { level: 'error', stream: process.stderr, serializers: { err: describeError } },
    // Whoever is no proxy of ours can write anything into X-Forwarded-For, and would choose the address it is limited by.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
  })
  answerErrors(app)
  reportDelivery(app, cache)
  followBookmarks(app, cache)
  authRoutes(app, { services, addresses: limits.addresses, identitySecret })
  userRoutes(app, services)
  catalogRoutes(app, services)
  chatRoutes(app, { auth: services.auth, chat, limits: limits.keys })
  healthRoutes(app, database, cache)
  app.register(async (admin) => {
    admin.addHook('onRequest', requireAdminToken(adminToken))
    adminAccountRoutes(admin, services, keySalt)
    adminCatalogRoutes(admin, services, readCatalog)
    adminRateLimitRoutes(admin, services, limits)
    adminCacheRoutes(admin, { cache, answers, queries })
  })
  return app
}
