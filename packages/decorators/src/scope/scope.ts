import type { Cache, PolicyDefaults } from '@granary/core'

const SCOPE = Symbol.for('granary.scope')

/** What `@CacheScope` sets for the cached methods of a class and of its subclasses. */
export interface CacheScopeOptions {
  /** The cache of the methods that name none. */
  readonly cache?: Cache
  /** Put before every name, with a colon: `prefix: 'billing'` makes `invoice` into `billing:invoice`. */
  readonly prefix?: string
  /** Policy options of the methods that do not give them. */
  readonly defaults?: Omit<PolicyDefaults, 'ttl'>
}

/** Something that may belong to a class with a scope: an instance, or for static methods the class. */
interface Holder {
  readonly [SCOPE]?: CacheScopeOptions
}

/** The scope that applies to an instance or a class: the nearest one of its class chain. */
export function scopeOf(holder: unknown): CacheScopeOptions | undefined {
  return (holder as Holder | null | undefined)?.[SCOPE]
}

/** Gives a class, its instances and its subclasses a scope; options that it leaves out are those of the class above. */
export function setScope(owner: { readonly prototype: object }, given: CacheScopeOptions): void {
  const above = scopeOf(owner)
  const defaults = Object.freeze({ ...above?.defaults, ...given.defaults })
  const value: CacheScopeOptions = Object.freeze({ ...above, ...given, defaults })
  for (const holder of [owner, owner.prototype]) Object.defineProperty(holder, SCOPE, { value, configurable: true })
}

/** A name inside a scope. */
export function nameIn(scope: CacheScopeOptions | undefined, name: string): string {
  return scope?.prefix === undefined ? name : `${scope.prefix}:${name}`
}
