import { type Cache, isCache } from '@granary/core'
import { NoCache } from '../errors.ts'
import { registry } from '../method/registry.ts'
import { type CacheScopeOptions, scopeOf } from './scope.ts'

/** Everything outside of the options that decides which cache a call uses. */
export interface Surroundings {
  /** The `cache` property of the instance, whatever it is. */
  readonly own: unknown
  readonly scope: CacheScopeOptions | undefined
}

/** What an instance, or for static methods a class, says about its cache. */
export function surroundingsOf(self: unknown, owner: unknown = self): Surroundings {
  return { own: (self as { readonly cache?: unknown } | null | undefined)?.cache, scope: scopeOf(owner) }
}

/**
 * Which cache a call uses: the option's, else the instance's own `cache` if that is a Granary cache, else the one of the
 * class's `@CacheScope`, else the configured one.
 *
 * @throws NoCache when there is none.
 */
export function locateCache(option: Cache | undefined, { own, scope }: Surroundings, where: string): Cache {
  const found = option ?? (isCache(own) ? own : undefined) ?? scope?.cache ?? registry.configuration.cache
  if (found === undefined) throw new NoCache(where)
  return found
}
