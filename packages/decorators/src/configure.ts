import { type Cache, InvalidOption, isCache } from '@granary/core'
import type { RateLimiter } from '@granary/rate-limit'
import { type Configuration, registry } from './method/registry.ts'

/** What every decorated method uses unless something nearer says otherwise. */
export interface GranarySettings {
  /** The cache of methods that name none by option, instance or scope. */
  readonly cache?: Cache
  /** The limiter of `@RateLimited` methods that name none. */
  readonly rateLimiter?: RateLimiter
}

/**
 * Sets the cache and the rate limiter of the program's decorated methods, in place of what was set before. Returns what puts
 * the earlier settings back, for tests.
 *
 * @example
 * ```ts
 * configureGranary({ cache: createCache({ namespace: 'gateway', redis: 'env' }) })
 * ```
 * @throws InvalidOption when `cache` is no cache.
 */
export function configureGranary(settings: GranarySettings): () => void {
  const { cache, rateLimiter, ...others } = settings
  for (const option of Object.keys(others))
    throw new InvalidOption(`configureGranary: ${option}`, option, 'known options are cache, rateLimiter')
  if (cache !== undefined && !isCache(cache))
    throw new InvalidOption('configureGranary: cache', cache, 'it is a cache made by createCache()')
  if (rateLimiter !== undefined && (typeof rateLimiter !== 'object' || rateLimiter === null)) {
    throw new InvalidOption('configureGranary: rateLimiter', rateLimiter, 'it is a limiter made by createRateLimiter()')
  }
  const before = registry.configuration
  const configured: Configuration = Object.freeze({ cache, rateLimiter })
  registry.configuration = configured
  return () => {
    registry.configuration = before
  }
}

/** What `configureGranary` has set; for decorators of your own. */
export function granaryConfiguration(): Configuration {
  return registry.configuration
}
