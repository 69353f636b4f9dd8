import { checkName, checkPolicy, InvalidOption, isCache, type PolicyDefaults } from '@granary/core'
import { recordOf } from '../method/method-record.ts'
import { registry } from '../method/registry.ts'
import { type CacheScopeOptions, setScope } from './scope.ts'

/** A class, as a decorator is applied to it. */
type Class = abstract new (...args: never[]) => unknown

/** A class decorator in both standards. */
export type ClassDecorator = <C extends Class>(decorated: C, context?: ClassDecoratorContext<C>) => void

const KNOWN: ReadonlySet<string> = new Set(['cache', 'prefix', 'defaults'])

/**
 * Sets cache, name prefix and policy defaults for the cached methods of a class and of its subclasses. A subclass with a
 * scope of its own changes what it names and keeps the rest.
 *
 * @example
 * ```ts
 * @CacheScope({ cache: billingCache, prefix: 'billing', defaults: { staleIfError: '1h' } })
 * class InvoiceService {}
 * ```
 * @throws InvalidOption at decoration, naming the class and the option.
 */
export function CacheScope(options: CacheScopeOptions): ClassDecorator {
  return (decorated) => {
    const where = `@CacheScope on ${decorated.name || 'a class'}`
    check(options, where)
    setScope(decorated, options)
    registry.scoped = true
    for (const holder of [decorated.prototype as object, decorated]) {
      for (const key of Reflect.ownKeys(holder)) {
        const { value } = Object.getOwnPropertyDescriptor(holder, key) ?? {}
        for (const node of recordOf(value)?.nodes ?? []) node.belongsTo(decorated)
      }
    }
  }
}

function check({ cache, prefix, defaults, ...others }: CacheScopeOptions, where: string): void {
  for (const option of Object.keys(others))
    throw new InvalidOption(`${where}: ${option}`, option, `known options are ${[...KNOWN].join(', ')}`)
  if (cache !== undefined && !isCache(cache))
    throw new InvalidOption(`${where}: cache`, cache, 'it is a cache made by createCache()')
  if (prefix !== undefined) checkName(prefix, `${where}: prefix`)
  if (defaults === undefined) return
  const { ttl, ...rest } = defaults as PolicyDefaults
  if (ttl !== undefined) throw new InvalidOption(`${where}: defaults.ttl`, ttl, 'every @Cached names its own ttl')
  checkPolicy(`${where}: defaults`, { ttl: '1s', ...rest })
}
