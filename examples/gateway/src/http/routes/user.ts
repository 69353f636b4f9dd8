import type { FastifyInstance } from 'fastify'
import type { Environment, KeyChanges, NewKey } from '../../domain/api-key.ts'
import { NotFound } from '../../domain/catalog.ts'
import type { ProfileChanges } from '../../domain/user.ts'
import type { Services } from '../../services/services.ts'
import { authenticate, callerOf } from '../caller.ts'
import { byId, keyChanges, listing, newKey, profile } from '../schemas.ts'
import { keyView, trialView, userView } from '../views.ts'

/** What callers see and change of their own. */
export function userRoutes(app: FastifyInstance, services: Services): void {
  app.register(async (own) => {
    own.addHook('onRequest', authenticate(services.auth))
    profileRoutes(own, services)
    moneyRoutes(own, services)
    keyRoutes(own, services)
  })
  app.get('/plans', async () => ({ plans: await services.plans.list() }))
}

function profileRoutes(app: FastifyInstance, { accounts, trials }: Services): void {
  app.get('/user/profile', async (request) => {
    const { user, key } = callerOf(request)
    const trial = key.isTrial ? await trials.status(key.id) : null
    return { user: userView(user), key: keyView(key), trial: trial === null ? null : trialView(trial) }
  })

  app.put<{ Body: ProfileChanges }>('/user/profile', { schema: { body: profile } }, async (request) => {
    const { user } = callerOf(request)
    return { user: userView(await accounts.updateProfile(user.id, request.body)) }
  })
}

function moneyRoutes(app: FastifyInstance, { credits, plans }: Services): void {
  app.get('/user/balance', async (request) => {
    const { user } = callerOf(request)
    const balance = await credits.balance(user.id)
    if (balance === null) throw new NotFound(`user ${user.id}`)
    return balance
  })

  app.get<{ Querystring: { limit: number } }>(
    '/user/credit-transactions',
    { schema: { querystring: listing } },
    async (request) => ({ transactions: await credits.transactions(callerOf(request).user.id, request.query.limit) }),
  )

  app.get('/user/plan', async (request) => {
    const held = await plans.forUser(callerOf(request).user.id)
    return { plan: held?.plan ?? null }
  })
}

interface KeyBody {
  readonly name: string
  readonly environment: Environment
  readonly expiresAt?: string | null
}

function keyRoutes(app: FastifyInstance, { keys, keyIssuer }: Services): void {
  app.get('/user/api-keys', async (request) => {
    const own = await keys.ofUser(callerOf(request).user.id)
    return { keys: own.map(keyView) }
  })

  app.post<{ Body: KeyBody }>('/user/api-keys', { schema: { body: newKey } }, async (request, reply) => {
    const issued = await keyIssuer.create(callerOf(request).user.id, withDate(request.body))
    reply.code(201)
    return { key: keyView(issued.key), apiKey: issued.plaintext }
  })

  app.put<{ Params: { id: number }; Body: Partial<KeyBody> }>(
    '/user/api-keys/:id',
    { schema: { params: byId, body: keyChanges } },
    async (request) => {
      const changes: KeyChanges = withDate(request.body)
      return { key: keyView(await keyIssuer.update(callerOf(request).user.id, request.params.id, changes)) }
    },
  )

  app.post<{ Params: { id: number } }>('/user/api-keys/:id/rotate', { schema: { params: byId } }, async (request) => {
    const issued = await keyIssuer.rotate(callerOf(request).user.id, request.params.id)
    return { key: keyView(issued.key), apiKey: issued.plaintext }
  })

  app.delete<{ Params: { id: number } }>('/user/api-keys/:id', { schema: { params: byId } }, async (request) => {
    const revoked = await keyIssuer.revoke(callerOf(request).user.id, request.params.id)
    return { key: keyView(revoked) }
  })
}

function withDate<B extends { readonly expiresAt?: string | null }>(
  body: B,
): Omit<B, 'expiresAt'> & Pick<NewKey, 'expiresAt'> {
  const { expiresAt, ...rest } = body
  if (expiresAt === undefined) return rest
  return { ...rest, expiresAt: expiresAt === null ? null : new Date(expiresAt) }
}
