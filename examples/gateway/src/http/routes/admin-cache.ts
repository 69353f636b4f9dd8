import type { Cache } from '@granary/core'
import type { SemanticCache } from '@granary/semantic'
import type { FastifyInstance } from 'fastify'
import type { QueryCounter } from '../../database/query-counter.ts'
import { tagList } from '../schemas.ts'

/** What the routes tell of. */
export interface AdminCacheParts {
  readonly cache: Cache
  readonly answers: SemanticCache
  readonly queries: QueryCounter
}

/** What the cache did, and a lever for changes that were made behind the gateway's back. */
export function adminCacheRoutes(app: FastifyInstance, { cache, answers, queries }: AdminCacheParts): void {
  app.get('/admin/cache/stats', async () => {
    const { user, system } = process.cpuUsage()
    return {
      cache: cache.stats(),
      chat: answers.stats(),
      database: { queries: queries.queries },
      process: { cpuMs: (user + system) / 1_000 },
    }
  })

  app.post<{ Body: { tags: string[] } }>('/admin/cache/invalidate', { schema: { body: tagList } }, async (request) => {
    return cache.invalidateTags(request.body.tags)
  })

  /** Answers when every invalidation that waited for Redis has reached it. */
  app.get('/admin/cache/delivered', async (_request, reply) => {
    await cache.whenDelivered()
    return reply.code(204).send()
  })
}
