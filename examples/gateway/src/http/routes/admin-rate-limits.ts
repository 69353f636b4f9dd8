import { ms } from '@granary/core'
import { type Decision, ipSubject } from '@granary/rate-limit'
import type { FastifyInstance } from 'fastify'
import type { RateLimits } from '../../domain/rate-limits.ts'
import type { AddressRoute } from '../../limits/address-limits.ts'
import type { Limits } from '../../limits/limits.ts'
import type { Services } from '../../services/services.ts'
import { addressQuery, keyBlock, ofKey, rateLimits } from '../schemas.ts'

/** Reads and changes limits, of keys and of addresses: what is configured, and what is used of it. */
export function adminRateLimitRoutes(app: FastifyInstance, services: Services, limits: Limits): void {
  configurationRoutes(app, services)
  keyRoutes(app, limits)
  addressRoutes(app, limits)
  app.get('/admin/rate-limits/health', async () => limits.limiter.health())
}

/** What a key may do. A change is in force at the next request, in every process. */
function configurationRoutes(app: FastifyInstance, { rateLimits: configurations }: Services): void {
  const url = '/admin/rate-limits/config'
  app.get<{ Querystring: { keyId: number } }>(url, { schema: { querystring: ofKey } }, async (request) => {
    return { limits: await configurations.config(request.query.keyId) }
  })
  app.put<{ Querystring: { keyId: number }; Body: RateLimits }>(
    url,
    { schema: { querystring: ofKey, body: rateLimits } },
    async (request, reply) => {
      await configurations.set(request.query.keyId, request.body)
      return reply.code(204).send()
    },
  )
  app.delete<{ Querystring: { keyId: number } }>(url, { schema: { querystring: ofKey } }, async (request, reply) => {
    await configurations.reset(request.query.keyId)
    return reply.code(204).send()
  })
}

/** What a key has used, and the levers for support: to forget it, to shut a key out for a time, and to let it in again. */
function keyRoutes(app: FastifyInstance, { keys }: Limits): void {
  const usage = '/admin/rate-limits/usage'
  app.get<{ Querystring: { keyId: number } }>(usage, { schema: { querystring: ofKey } }, async ({ query }) => {
    return view(await keys.set.peek(String(query.keyId)))
  })
  app.delete<{ Querystring: { keyId: number } }>(
    usage,
    { schema: { querystring: ofKey } },
    async ({ query }, reply) => {
      await keys.set.reset(String(query.keyId))
      return reply.code(204).send()
    },
  )
  app.post<{ Body: { keyId: number; seconds: number } }>(
    '/admin/rate-limits/block',
    { schema: { body: keyBlock } },
    async ({ body }, reply) => {
      await keys.set.block(String(body.keyId), ms(body.seconds * 1_000))
      return reply.code(204).send()
    },
  )
  app.post<{ Body: { keyId: number } }>(
    '/admin/rate-limits/unblock',
    { schema: { body: ofKey } },
    async ({ body }, reply) => {
      await keys.set.unblock(String(body.keyId))
      return reply.code(204).send()
    },
  )
}

/** What an address has used of the routes that are open to all. */
function addressRoutes(app: FastifyInstance, { addresses }: Limits): void {
  const url = '/admin/rate-limits/addresses'
  const schema = { querystring: addressQuery }
  app.get<{ Querystring: AddressQuery }>(url, { schema }, async ({ query }) => {
    return view(await addresses.sets[query.route].peek(ipSubject(query.address)))
  })
  app.delete<{ Querystring: AddressQuery }>(url, { schema }, async ({ query }, reply) => {
    await addresses.sets[query.route].reset(ipSubject(query.address))
    return reply.code(204).send()
  })
}

interface AddressQuery {
  readonly route: AddressRoute
  readonly address: string
}

/** How a subject stands: whether its next request would be let in, and what is left of each limit. Infinity becomes null. */
function view({ ok, reason, violated, retryAfterMs, limits, source, degraded }: Decision) {
  return { ok, reason, violated, retryAfterMs, limits, source, degraded }
}
