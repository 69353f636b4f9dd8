import type { CachePolicy } from '../cache/call.ts'
import type { Decision } from './decision.ts'

/**
 * A decision as `Cache-Status` (RFC 9211): `granary; hit; detail=semantic`, or why the model was asked. A caller who shared a
 * running call of the model is `fwd=uri-miss; collapsed`.
 *
 * @param cache - How this cache is called: a token. Default: `granary`.
 */
export function cacheStatus({ source, collapsed, refused }: Decision, cache = 'granary'): string {
  if (collapsed) return `${cache}; fwd=uri-miss; collapsed`
  if (source !== 'model') return `${cache}; hit; detail=${source}`
  if (refused === 'bypass') return `${cache}; fwd=bypass`
  if (refused === 'reload') return `${cache}; fwd=request`
  return `${cache}; fwd=uri-miss${refused === undefined ? '' : `; detail=${refused}`}`
}

/**
 * A decision as response headers: `Cache-Status`, `X-Cache` (`HIT`, `SEMANTIC`, `MISS` or `BYPASS`), `Age` in seconds for answers from
 * the cache, `X-Cache-Id` for feedback, and `X-Cache-Similarity` where two requests were compared.
 *
 * They tell whoever reads them what others have asked before: send them only within the partition.
 */
export function decisionHeaders(decision: Decision): Record<string, string> {
  const { source, age, id, similarity, refused } = decision
  const word = { exact: 'HIT', semantic: 'SEMANTIC', model: refused === 'bypass' ? 'BYPASS' : 'MISS' }[source]
  return {
    'Cache-Status': cacheStatus(decision),
    'X-Cache': word,
    ...(source === 'model' ? {} : { Age: String(Math.floor(age / 1_000)) }),
    'X-Cache-Id': id,
    ...(similarity === undefined ? {} : { 'X-Cache-Similarity': similarity.toFixed(4) }),
  }
}

/**
 * What a request's `Cache-Control` header asks of the cache (RFC 9111, 5.2.1): `no-store` is `bypass`, `no-cache` and `max-age=0` are
 * `reload`, anything else is `use`.
 */
export function cachePolicyOf(cacheControl: string | null | undefined): CachePolicy {
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim())
  if (directives.includes('no-store')) return 'bypass'
  return directives.includes('no-cache') || directives.includes('max-age=0') ? 'reload' : 'use'
}
