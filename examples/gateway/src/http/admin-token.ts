import { createHash, timingSafeEqual } from 'node:crypto'
import type { onRequestAsyncHookHandler } from 'fastify'
import { bearer } from './caller.ts'
import { refuse } from './errors.ts'

/** Lets a request through when it carries the administrators' token. */
export function requireAdminToken(token: string): onRequestAsyncHookHandler {
  const expected = digest(token)
  return async (request, reply) => {
    const given = bearer(request)
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined
    return refuse(reply, 401, 'admin_token_required', 'this route needs the admin token')
  }
}

/** Digests have one length, whatever was sent, and comparing them tells nothing about the token. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
