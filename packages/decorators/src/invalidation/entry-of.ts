import { InvalidOption } from '@granary/core'
import { NotCached } from '../errors.ts'
import type { AsyncMethod } from '../method/fit.ts'
import type { EntrySource } from '../method/method-node.ts'
import { recordOf } from '../method/method-record.ts'
import { registry } from '../method/registry.ts'
import type { AnyEntryRef, EntryTarget, EntryTargetOf, FoundTarget, MappedFrom, MethodsOf } from './entry-ref.ts'

/**
 * Refers to entries of another cached method, or of a function made by `cached`, and checks the link: a renamed method, or
 * arguments of another type, do not compile. The class stands in a function, so that a class may refer to itself and
 * modules to each other; it is called at the first use.
 *
 * @example
 * ```ts
 * entryOf(() => UserService, 'byId')((id: number) => [id])
 * entryOf(() => UserService, 'byId').fromResult((user: User) => [user.id])
 * entryOf(() => priceOf)((model: string) => [model])
 * ```
 * @throws InvalidOption at once when the arguments are of another kind.
 */
export function entryOf<I, N extends MethodsOf<I>>(
  owner: () => abstract new (...args: never[]) => I,
  method: N,
): EntryTargetOf<I[N]>
export function entryOf<C extends object, N extends Exclude<MethodsOf<C>, 'prototype'>>(
  owner: () => C,
  method: N,
): EntryTargetOf<C[N]>
export function entryOf<F extends AsyncMethod>(fn: () => F): EntryTargetOf<F>
export function entryOf(thunk: () => unknown, method?: string | symbol | number): unknown {
  if (typeof thunk !== 'function' || thunk.prototype !== undefined) {
    throw new InvalidOption(
      'entryOf',
      thunk,
      'its first argument is an arrow function that returns the class: entryOf(() => UserService, …)',
    )
  }
  if (method === undefined) return targetOf('a cached function', () => findFunction(thunk()))
  return targetOf(`entryOf(…, '${String(method)}')`, () => findMethod(thunk(), method))
}

/**
 * Refers to entries by their name, for methods that `entryOf` cannot see because they are private. The arguments are not
 * checked by the compiler.
 *
 * @example
 * ```ts
 * nameOf('auth:key_user')((apiKey: string) => [apiKey])
 * ```
 */
export function nameOf(name: string): EntryTarget<readonly unknown[], unknown> {
  return targetOf(`nameOf('${name}')`, () => {
    const entries = registry.methods.get(name)?.entries
    if (entries === undefined) throw new NotCached(`nameOf('${name}')`, 'no cached method has this name')
    return { entries, owner: undefined }
  }) as EntryTarget<readonly unknown[], unknown>
}

function targetOf(label: string, search: () => FoundTarget): unknown {
  let found: FoundTarget | undefined
  const find = () => {
    found ??= search()
    return found
  }
  const refer = (from: MappedFrom) => (map: AnyEntryRef['map']) => {
    if (typeof map !== 'function')
      throw new InvalidOption(label, map, 'give a function that returns the arguments of the entry')
    return Object.freeze({ label, from, map, find })
  }
  return Object.assign(refer('arguments'), { fromResult: refer('result') })
}

function findMethod(owner: unknown, method: string | symbol | number): FoundTarget {
  if (typeof owner !== 'function')
    throw new NotCached(`entryOf(…, '${String(method)}')`, 'its function returns no class')
  const label = `${owner.name}.${String(method)}`
  const holders: readonly unknown[] = [owner.prototype, owner]
  const members = holders.map((holder) => (holder as Record<PropertyKey, unknown> | undefined)?.[method])
  const entries = members.map(entriesOf).find((each) => each !== undefined)
  if (entries === undefined) {
    const exists = members.some((member) => typeof member === 'function')
    throw new NotCached(
      `entryOf(() => ${owner.name}, '${String(method)}')`,
      exists ? `${label} has no @Cached` : `there is no method ${label}`,
    )
  }
  return { entries, owner }
}

function findFunction(fn: unknown): FoundTarget {
  const entries = entriesOf(fn)
  if (entries === undefined) throw new NotCached('entryOf(() => fn)', 'its function returns nothing that cached() made')
  return { entries, owner: undefined }
}

function entriesOf(member: unknown): EntrySource | undefined {
  return recordOf(member)?.nodes.find((node) => node.entries !== undefined)?.entries
}
