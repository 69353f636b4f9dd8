import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache } from '@granary/core'
import type { FastifyInstance } from 'fastify'

/** Says of a change whether every process knows of it (`delivered`) or will once Redis is back (`queued`). */
export const INVALIDATION_HEADER = 'granary-invalidation'

/** Puts {@link INVALIDATION_HEADER} on the answer of every request that invalidated something. */
export function reportDelivery(app: FastifyInstance, cache: Cache): void {
  const requests = new AsyncLocalStorage<{ outcome: 'none' | 'delivered' | 'queued' }>()
  const unsubscribe = cache.on('invalidation-sent', ({ delivered }) => {
    const request = requests.getStore()
    if (request === undefined || request.outcome === 'queued') return
    request.outcome = delivered ? 'delivered' : 'queued'
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.method === 'GET') done()
    else requests.run({ outcome: 'none' }, done)
  })
  app.addHook('onSend', async (_request, reply) => {
    const outcome = requests.getStore()?.outcome ?? 'none'
    if (outcome !== 'none') reply.header(INVALIDATION_HEADER, outcome)
  })
  app.addHook('onClose', async () => unsubscribe())
}
