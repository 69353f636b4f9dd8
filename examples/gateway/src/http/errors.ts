import { RateLimitExceeded, RateLimitUnavailable, rateLimitProblem } from '@granary/rate-limit'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'

/** Status of each error that the gateway raises on purpose, by its code. */
const STATUS: Readonly<Record<string, number>> = {
  not_found: 404,
  already_taken: 409,
  request_id_reused: 409,
  insufficient_credits: 402,
  invalid_identity: 401,
}

/** Answers every error in one form: `{ "error": { "code", "message" } }`. What is not ours to explain becomes a bare 500. */
export function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    if (error instanceof RateLimitExceeded || error instanceof RateLimitUnavailable) return refuseByLimit(reply, error)
    const status = statusOf(error)
    if (status >= 500) app.log.error(error)
    return status >= 500
      ? refuse(reply, 500, 'internal', 'something went wrong')
      : refuse(reply, status, error.code ?? 'bad_request', error.message)
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 404, 'not_found', 'there is no such route'))
}

/** Ends a request with an error. */
export function refuse(reply: FastifyReply, status: number, code: string, message: string): FastifyReply {
  return reply.code(status).send({ error: { code, message } })
}

/** Problem details (RFC 9457), with the gateway's own form of an error as one more member. */
function refuseByLimit(reply: FastifyReply, error: RateLimitExceeded | RateLimitUnavailable): FastifyReply {
  const { status, headers, body } = rateLimitProblem(error)
  const code = status === 429 ? 'rate_limit_exceeded' : 'rate_limit_unavailable'
  return reply
    .code(status)
    .headers(headers)
    .send({ ...body, error: { code, message: body.title } })
}

function statusOf(error: FastifyError): number {
  if (error instanceof RangeError) return 400
  return STATUS[error.code] ?? error.statusCode ?? 500
}
