import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'

interface Rendered {
  readonly body: string
  readonly etag: string
}

/**
 * Rendered answers beside the values they were rendered from.
 *
 * The cache hands out the same frozen object for as long as it is good, so the text and its hash are made once per value
 * and go when the value goes.
 */
const rendered = new WeakMap<object, Rendered>()

/** Answers with `value` as JSON under a strong ETag of its content, or with 304 when the caller has that content. */
export function sendTagged(request: FastifyRequest, reply: FastifyReply, value: object): FastifyReply {
  const { body, etag } = render(value)
  // no-cache: keep it, but ask each time. Nobody sees a price that was changed, and an unchanged catalog costs 304.
  reply.header('etag', etag).header('cache-control', 'no-cache')
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(body)
}

function render(value: object): Rendered {
  const known = rendered.get(value)
  if (known !== undefined) return known
  const body = JSON.stringify(Array.isArray(value) ? { total: value.length, models: value } : value)
  const made = { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
  rendered.set(value, made)
  return made
}

/** RFC 9110, section 13.1.2: a list of tags compared weakly, or `*`. */
export function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
