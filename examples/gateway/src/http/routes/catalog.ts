import type { FastifyInstance } from 'fastify'
import { type ModelQuery, NotFound } from '../../domain/catalog.ts'
import { PAGE_LIMITS } from '../../services/catalog-service.ts'
import type { Services } from '../../services/services.ts'
import { sendTagged } from '../etag.ts'
import { modelQuery } from '../schemas.ts'

/** The catalog, open to everybody. */
export function catalogRoutes(app: FastifyInstance, { catalog }: Services): void {
  app.get<{ Querystring: ModelQuery }>('/models', { schema: { querystring: modelQuery } }, async (request, reply) => {
    const { provider, limit, offset, unique } = request.query
    const whole = limit === undefined && offset === undefined && unique === undefined
    if (!whole) return sendTagged(request, reply, await catalog.search(normalise(request.query)))
    return sendTagged(request, reply, await (provider === undefined ? catalog.full() : catalog.byProvider(provider)))
  })

  app.get<{ Params: { provider: string; '*': string } }>('/models/:provider/*', async (request, reply) => {
    const id = `${request.params.provider}/${request.params['*']}`
    const model = await catalog.model(id)
    if (model === null) throw new NotFound(`model ${id}`)
    return sendTagged(request, reply, model)
  })

  app.get<{ Params: { provider: string; '*': string } }>('/pricing/:provider/*', async (request, reply) => {
    const id = `${request.params.provider}/${request.params['*']}`
    const price = await catalog.pricing(id)
    if (price === null) throw new NotFound(`price of ${id}`)
    return sendTagged(request, reply, price)
  })

  app.get('/provider', async (request, reply) => sendTagged(request, reply, { providers: await catalog.providers() }))
}

/** One form for queries that mean the same, so that they share an entry. */
function normalise({ provider, limit, offset, unique }: ModelQuery): ModelQuery {
  return {
    ...(provider === undefined ? {} : { provider }),
    limit: Math.min(limit ?? PAGE_LIMITS.default, PAGE_LIMITS.most),
    offset: offset ?? 0,
    unique: unique ?? false,
  }
}
