import type { Cache } from '@granary/core'
import {
  type ChatRequest as AnyRequest,
  createSemanticCache,
  memoryIndex,
  type Price,
  redisIndex,
  redisLabelStore,
  type SemanticCache,
} from '@granary/semantic'
import { tags } from '../tags.ts'
import type { ChatRequest } from './completion.ts'

/** Stands where no body of a request can put anything. */
const TENANT = Symbol('tenant')

/** A request with the one who asks. */
export type AskedBy = ChatRequest & { readonly [TENANT]: number }

/** What may be chosen of a response cache. */
export interface ResponseCacheOptions {
  /** The greatest share of answers by meaning that may be wrong. Default: 0.02. */
  readonly maxWrongPerHit?: number
  /** What an answer cost. */
  readonly price?: Price
}

/**
 * Answers of models, kept for an hour under `chat:{tenant}` and `model:{id}`. A user is answered with what that user was answered,
 * and with nobody else's; by meaning only where `temperature` is low, and only once the judge has seen enough to keep its bound.
 * Over a Redis, all processes have one index, and their judges learn from each other.
 */
export function createResponseCache(
  cache: Cache,
  { maxWrongPerHit = 0.02, price }: ResponseCacheOptions = {},
): SemanticCache {
  const { redis, namespace } = cache
  const shared = redis === undefined ? undefined : { redis, namespace: `${namespace}-chat` }
  return createSemanticCache({
    cache,
    name: 'chat',
    partition: (request) => tenantOf(request),
    ttl: '1h',
    tags: (request) => [tags.chat(tenantOf(request)), tags.model(request.model)],
    match: { maxWrongPerHit },
    index: shared === undefined ? memoryIndex() : redisIndex(shared),
    ...(shared === undefined ? {} : { labels: redisLabelStore(shared) }),
    ...(price === undefined ? {} : { price }),
  })
}

/** The request as the response cache sees it. The stream says its usage in any case, as the gateway's do. */
export function askedBy(tenant: number, request: ChatRequest): AskedBy {
  return { ...request, stream_options: { include_usage: true }, [TENANT]: tenant }
}

function tenantOf(request: AnyRequest): number {
  return (request as unknown as AskedBy)[TENANT]
}
