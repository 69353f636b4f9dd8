import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { decideAccess } from '../domain/access.ts'
import { type ApiKey, looksLikeKey } from '../domain/api-key.ts'
import type { UserOfKey } from '../services/account-queries.ts'
import type { AuthService } from '../services/auth-service.ts'
import { refuse } from './errors.ts'

/** Who sent a request. */
export interface Caller {
  readonly key: ApiKey
  readonly user: UserOfKey
}

const callers = new WeakMap<FastifyRequest, Caller>()

/** The caller of a request that passed {@link authenticate}. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined) throw new Error('the route asks for its caller but does not authenticate')
  return caller
}

/** Lets a request through when its key opens the gateway; says in `Server-Timing` how long that took to find out. */
export function authenticate(auth: AuthService): onRequestAsyncHookHandler {
  return async (request, reply) => {
    const started = performance.now()
    const caller = await identify(auth, request)
    reply.header('server-timing', `auth;dur=${(performance.now() - started).toFixed(4)}`)
    if (caller === null) return refuse(reply, 401, 'invalid_api_key', 'the API key is not valid')
    return admit(caller, request, reply)
  }
}

async function identify(auth: AuthService, request: FastifyRequest): Promise<Caller | null> {
  const text = bearer(request)
  if (text === undefined || !looksLikeKey(text)) return null
  const [key, user] = await Promise.all([auth.validateKey(text), auth.userByKey(text)])
  return key === null || user === null ? null : { key, user }
}

function admit(caller: Caller, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const context = { ip: request.ip, referrer: request.headers.referer, now: new Date() }
  const verdict = decideAccess(caller.key, caller.user, context)
  if (!verdict.admitted) return refuse(reply, verdict.status, verdict.code, 'the API key does not open this gateway')
  callers.set(request, caller)
  return undefined
}

/** The token of an `Authorization: Bearer` header. */
export function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
}
