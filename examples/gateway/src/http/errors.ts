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

function statusOf(error: FastifyError): number {
  if (error instanceof RangeError) return 400
  return STATUS[error.code] ?? error.statusCode ?? 500
}
