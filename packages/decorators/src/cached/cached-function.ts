import type { Cache, Policy } from '@granary/core'
import { NotDecoratable } from '../errors.ts'
import type { AsyncMethod, Resolved } from '../method/fit.ts'
import { MethodSite } from '../method/method-site.ts'
import { wrapMethod } from '../method/wrap.ts'
import { planCached } from './cached.ts'
import type { BatchItem, BatchShape } from './cached-options.ts'

/** What `cached` takes beside the policy. */
export interface CachedFunctionNaming {
  /** Names the entries for good. Unique among cached methods and functions. */
  readonly name: string
  /** The cache to use. Default: the configured one. */
  readonly cache?: Cache
}

/** Options of {@link cached}: those of `@Cached`, with parameters inferred from the function. */
export type CachedFunctionOptions<F extends AsyncMethod> = CachedFunctionNaming & {
  readonly batch?: never
} & Policy<Parameters<F>, Resolved<F>>

/** Options of {@link cached} for a function that takes an array of ids: the policy's functions are called with one id. */
export type CachedBatchOptions<F extends AsyncMethod> = CachedFunctionNaming & {
  readonly batch: BatchShape
} & (BatchItem<F> extends [infer A extends unknown[], infer V, unknown] ? Policy<A, V> : never)

/**
 * Does for a function what `@Cached` does for a method; `this` is passed on. The function keeps its type.
 *
 * @example
 * ```ts
 * const priceOf = cached(async (model: string) => db.price(model), { name: 'pricing', ttl: TTL.PRICING })
 * ```
 * @throws InvalidOption at once when an option cannot be used.
 * @throws NoCache from a call when no cache is configured.
 * @throws MethodNameTaken from a call when another method or function has the name.
 */
export function cached<F extends AsyncMethod>(fn: F, options: CachedFunctionOptions<F> | CachedBatchOptions<F>): F {
  const name = (options as CachedFunctionNaming | undefined)?.name
  const site = new MethodSite({
    decorator: 'cached()',
    name,
    methodName: typeof fn === 'function' ? fn.name : '',
    member: 'function',
  })
  if (typeof fn !== 'function') throw new NotDecoratable(site.where, 'its first argument is the function to cache')
  const { wrapper } = wrapMethod(fn, site, { kind: 'cached', plan: (decorated) => planCached(options, decorated) })
  return wrapper as F
}
