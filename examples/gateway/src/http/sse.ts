import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** What ends a stream of chat chunks. */
const DONE = 'data: [DONE]\n\n'

/**
 * Sends values as server-sent events, as they come. The first one is waited for before anything is sent, so that what fails
 * until then is answered with its own status; what fails later becomes an event of its own.
 */
export async function sendEvents(reply: FastifyReply, values: AsyncIterator<object>): Promise<FastifyReply> {
  const first = await values.next()
  reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store')
  return reply.send(Readable.from(events(first, values), { objectMode: false }))
}

async function* events(first: IteratorResult<object>, values: AsyncIterator<object>): AsyncGenerator<string> {
  try {
    for (let next = first; next.done !== true; next = await values.next())
      yield `data: ${JSON.stringify(next.value)}\n\n`
    yield DONE
  } catch {
    yield `data: ${JSON.stringify({ error: { code: 'upstream_failed', message: 'the answer ended early' } })}\n\n`
  } finally {
    await values.return?.()
  }
}
