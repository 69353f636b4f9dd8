import { RateLimitExceeded, type Reservation, rateLimitHeaders } from '@granary/rate-limit'
import { cachePolicyOf, type Decision, decisionHeaders } from '@granary/semantic'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { ChatCaller, ChatService } from '../../chat/chat-service.ts'
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
  readonly chat: ChatService
  readonly limits: KeyLimits
}

/**
 * Chat completions, each within the limits of its key, and from the response cache where it has them. What comes from the cache
 * counts as a request and costs no tokens; the headers tell where an answer came from. `Cache-Control: no-store` goes past it.
 */
export function chatRoutes(app: FastifyInstance, { auth, chat: service, limits }: ChatParts): void {
  app.post<{ Body: ChatRequest }>(
    '/v1/chat/completions',
    { onRequest: authenticate(auth), schema: { body: chat } },
    async (request, reply) => {
      const { body } = request
      const { key, user } = callerOf(request)
      const reservation = await limits.set.reserve(String(key.id), tokenCosts(estimateTokens(body)))
      if (!reservation.ok) throw new RateLimitExceeded(reservation)
      reply.headers(rateLimitHeaders(reservation))
      const signal = untilGone(reply)
      const caller = { tenant: user.id, policy: cachePolicyOf(request.headers['cache-control']), signal }
      const call: Call = { body, reservation, limits, service, caller, reply }
      try {
        return await (body.stream === true ? sendEvents(reply, stream(call)) : complete(call))
      } catch (error) {
        throw signal.aborted ? signal.reason : error
      }
    },
  )
}

/** A request that was let in. */
interface Call {
  readonly body: ChatRequest
  readonly reservation: Reservation<KeyLimitName>
  readonly limits: KeyLimits
  readonly service: ChatService
  readonly caller: ChatCaller
  readonly reply: FastifyReply
}

/** Tells where an answer came from; one from the cache costs nothing. */
function tell({ reply }: Call, decision: Decision, meter: UsageMeter): void {
  reply.headers(decisionHeaders(decision))
  if (decision.source === 'model') return
  meter.free()
  reply.header('x-cost', '0')
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
async function complete(call: Call): Promise<ChatCompletion> {
  const { body, reservation, limits, service, caller } = call
  const meter = new UsageMeter(body)
  const work = async () => {
    try {
      const { completion, decision } = await service.complete(body, caller)
      meter.count(completion.usage)
      tell(call, decision, meter)
      return { completion }
    } catch (error) {
      if (caller.signal.aborted) meter.abandon()
      return { error }
    }
  }
  const done = await limits.set.hold(reservation, work, () => tokenCosts(meter.totalTokens))
  if ('error' in done) throw done.error
  return done.completion
}

/** The pieces of an answer. The request holds its place until the last one, or until nobody wants another one. */
function stream(call: Call): AsyncIterator<ChatChunk> {
  const { body, reservation, limits, caller } = call
  const meter = new UsageMeter(body)
  const settle = () => {
    if (caller.signal.aborted) meter.abandon()
    return tokenCosts(meter.totalTokens)
  }
  return limits.set.holdStream(reservation, meter.watch(pieces(call, meter)), { settle, signal: caller.signal })
}

/** The pieces; the headers are set before the first one, while they can be. */
async function* pieces(call: Call, meter: UsageMeter): AsyncGenerator<ChatChunk, void, undefined> {
  const { chunks, decision } = await call.service.stream(call.body, call.caller)
  tell(call, decision, meter)
  yield* chunks
}
