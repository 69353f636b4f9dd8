import type { Cache } from '@granary/core'
import type { FastifyInstance } from 'fastify'
import type { Database } from '../../database/database.ts'

/** Whether the gateway is well: without its database it is not, without Redis it is slower. */
export function healthRoutes(app: FastifyInstance, database: Database, cache: Cache): void {
  app.get('/health', async (_request, reply) => {
    const answers = await database.query('select 1').then(
      () => true,
      () => false,
    )
    const health = cache.health()
    reply.code(answers ? 200 : 503)
    return { status: answers ? health.status : 'unhealthy', database: answers, cache: health }
  })

  app.get('/health/quick', async () => ({ status: 'healthy' }))
}
