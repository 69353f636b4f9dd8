import type { FastifyInstance } from 'fastify'
import { hashKey } from '../../domain/api-key.ts'
import { NotFound } from '../../domain/catalog.ts'
import type { Movement } from '../../domain/credits.ts'
import { parseMoney } from '../../domain/money.ts'
import type { PlanChanges } from '../../domain/plan.ts'
import type { TrialUse } from '../../domain/trial.ts'
import type { Services } from '../../services/services.ts'
import { assignment, byId, keyText, movement, ofKey, ofUser, planChanges, tierChange, trialUse } from '../schemas.ts'
import { keyView, trialView, userView } from '../views.ts'

/** Changes to users, their money and their plans. */
export function adminAccountRoutes(app: FastifyInstance, services: Services, keySalt: string): void {
  lookUpRoute(app, services, keySalt)
  moneyRoutes(app, services)
  userStateRoutes(app, services)
  planRoutes(app, services)
  trialRoutes(app, services)
}

/** Whose key is this, and is it still good: for support, who have the key in a mail and must not use it. */
function lookUpRoute(app: FastifyInstance, { users, keys }: Services, keySalt: string): void {
  app.post<{ Body: { apiKey: string } }>('/admin/look-up-key', { schema: { body: keyText } }, async (request) => {
    const { apiKey } = request.body
    const [user, key] = await Promise.all([users.byKey(apiKey), keys.byHash(hashKey(apiKey, keySalt))])
    if (user === null || key === null) throw new NotFound('this key')
    return { user: userView(user), key: keyView(key) }
  })
}

function moneyRoutes(app: FastifyInstance, { credits }: Services): void {
  app.post<{ Body: Movement }>('/admin/add_credits', { schema: { body: movement } }, async (request) => {
    return { transaction: await credits.add(positive(request.body)) }
  })
  app.post<{ Body: Movement }>('/admin/deduct_credits', { schema: { body: movement } }, async (request) => {
    return { transaction: await credits.deduct(positive(request.body)) }
  })
}

function positive(asked: Movement): Movement {
  if (parseMoney(asked.amount) === 0n) throw new RangeError('amount: nothing would move; give more than 0')
  return asked
}

function userStateRoutes(app: FastifyInstance, { accounts }: Services): void {
  app.post<{ Body: { userId: number; tier: string } }>(
    '/admin/set-tier',
    { schema: { body: tierChange } },
    async (request) => {
      return { user: userView(await accounts.setTier(request.body.userId, request.body.tier)) }
    },
  )
  app.post<{ Body: { userId: number } }>('/admin/suspend-user', { schema: { body: ofUser } }, async (request) => {
    return { user: userView(await accounts.suspend(request.body.userId)) }
  })
  app.post<{ Body: { userId: number } }>('/admin/reinstate-user', { schema: { body: ofUser } }, async (request) => {
    return { user: userView(await accounts.reinstate(request.body.userId)) }
  })
}

function planRoutes(app: FastifyInstance, { plans }: Services): void {
  app.post<{ Body: { userId: number; planId: number } }>(
    '/admin/assign-plan',
    { schema: { body: assignment } },
    async (request, reply) => {
      await plans.assign(request.body.userId, request.body.planId)
      return reply.code(204).send()
    },
  )
  app.post<{ Body: { userId: number } }>('/admin/cancel-plan', { schema: { body: ofUser } }, async (request, reply) => {
    await plans.cancel(request.body.userId)
    return reply.code(204).send()
  })
  app.put<{ Params: { id: number }; Body: PlanChanges }>(
    '/admin/plans/:id',
    { schema: { params: byId, body: planChanges } },
    async (request) => ({ plan: await plans.update(request.params.id, request.body) }),
  )
}

function trialRoutes(app: FastifyInstance, { trials }: Services): void {
  app.post<{ Body: { keyId: number } }>('/admin/convert-trial', { schema: { body: ofKey } }, async (request) => {
    return { trial: trialView(await trials.convert(request.body.keyId)) }
  })
  app.post<{ Body: TrialUse & { keyId: number } }>(
    '/admin/consume-trial',
    { schema: { body: trialUse } },
    async (request) => {
      const trial = await trials.consume(request.body.keyId, request.body)
      if (trial === null) throw new NotFound(`an active trial of key ${request.body.keyId} with room for this request`)
      return { trial: trialView(trial) }
    },
  )
}
