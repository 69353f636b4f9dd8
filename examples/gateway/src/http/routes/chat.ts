import { RateLimitExceeded, type Reservation, rateLimitHeaders } from '@granary/rate-limit'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ChatProvider } from '../../chat/chat-provider.ts'
import type { ChatChunk, ChatCompletion, ChatRequest } from '../../chat/completion.ts'
import { estimateTokens } from '../../chat/tokens.ts'
import { UsageMeter } from '../../chat/usage-meter.ts'
import { type KeyLimitName, type KeyLimits, tokenCosts } from '../../limits/key-limits.ts'
import type { AuthService } from '../../services/auth-service.ts'
import { authenticate, callerOf } from '../caller.ts'
import { chat } from '../schemas.ts'
import { sendEvents } from '../sse.ts'

/** What the chat routes are made of. */
export interface ChatParts {
  readonly auth: AuthService
  readonly chat: ChatProvider
  readonly limits: KeyLimits
}

/** Chat completions, each within the limits of its key. */
export function chatRoutes(app: FastifyInstance, { auth, chat: provider, limits }: ChatParts): void {
  app.post<{ Body: ChatRequest }>(
    '/v1/chat/completions',
    { onRequest: authenticate(auth), schema: { body: chat } },
    async (request, reply) => {
      const { body } = request
      const reservation = await limits.set.reserve(String(callerOf(request).key.id), tokenCosts(estimateTokens(body)))
      if (!reservation.ok) throw new RateLimitExceeded(reservation)
      reply.headers(rateLimitHeaders(reservation))
      const call: Call = { body, reservation, limits, provider, signal: untilGone(reply) }
      try {
        return await (body.stream === true ? sendEvents(reply, stream(call)) : complete(call))
      } catch (error) {
        throw call.signal.aborted ? call.signal.reason : error
      }
    },
  )
}

/** A request that was let in. */
interface Call {
  readonly body: ChatRequest
  readonly reservation: Reservation<KeyLimitName>
  readonly limits: KeyLimits
  readonly provider: ChatProvider
  readonly signal: AbortSignal
}

/** Fires when the one who asked has gone away before the answer was there. */
function untilGone(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort(new ClientGone())
  })
  return gone.signal
}

/** What a provider is told when nobody waits for its answer any more; no failure of the gateway's, and read by nobody. */
class ClientGone extends Error {
  readonly code = 'client_gone'
  readonly statusCode = 499

  constructor() {
    super('the client has gone away')
  }
}

/** A whole answer. What it took is settled also when it fails or nobody waits for it. */
async function complete({ body, reservation, limits, provider, signal }: Call): Promise<ChatCompletion> {
  const meter = new UsageMeter(body)
  const work = async () => {
    try {
      const completion = await provider.complete(body, signal)
      meter.count(completion.usage)
      return { completion }
    } catch (error) {
      if (signal.aborted) meter.abandon()
      return { error }
    }
  }
  const done = await limits.set.hold(reservation, work, () => tokenCosts(meter.totalTokens))
  if ('error' in done) throw done.error
  return done.completion
}

/** The pieces of an answer. The request holds its place until the last one, or until nobody wants another one. */
function stream({ body, reservation, limits, provider, signal }: Call): AsyncIterator<ChatChunk> {
  const meter = new UsageMeter(body)
  const settle = () => {
    if (signal.aborted) meter.abandon()
    return tokenCosts(meter.totalTokens)
  }
  return limits.set.holdStream(reservation, meter.watch(provider.stream(body, signal)), { settle, signal })
}
