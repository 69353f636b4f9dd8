import { AsyncLocalStorage } from 'node:async_hooks'
import type { Cache } from '@granary/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** On the answer to a change; a client that sends it back sees its change on every node at once. */
const BOOKMARK_HEADER = 'granary-bookmark'

/** Lets requests follow the bookmark that they bring, and gives one to those that may change something. */
export function followBookmarks(app: FastifyInstance, cache: Cache): void {
  const contexts = new WeakMap<FastifyRequest, (run: () => void) => void>()
  app.addHook('onRequest', (request, _reply, done) => {
    const brought = request.headers[BOOKMARK_HEADER]
    if (brought === undefined && request.method === 'GET') return done()
    cache.follow(brought === undefined ? undefined : String(brought), () => {
      contexts.set(request, AsyncLocalStorage.snapshot())
      done()
    })
  })
  // Between the two hooks a body is read, from a socket that knows nothing of this request's context.
  app.addHook('preHandler', (request, _reply, done) => {
    const resume = contexts.get(request)
    if (resume === undefined) done()
    else resume(done)
  })
  app.addHook('onSend', async (request, reply) => {
    const bookmark = request.method === 'GET' ? undefined : cache.bookmark()
    if (bookmark !== undefined) reply.header(BOOKMARK_HEADER, bookmark)
  })
}
