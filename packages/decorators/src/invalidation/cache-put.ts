import { InvalidOption } from '@granary/core'
import { InvalidationFailed, NotAPromise } from '../errors.ts'
import type { AsyncMethod, AsyncMethodDecorator, MethodCheck, Mismatch, OnlyKnown, Resolved } from '../method/fit.ts'
import { defineMethodDecorator } from '../method/method-decorator.ts'
import type { MethodSite } from '../method/method-site.ts'
import type { AnyEntryRef, EntryRef, MappedFrom } from './entry-ref.ts'
import type { EntryMisfit } from './invalidation-options.ts'

/** What `@CachePut` takes. */
export interface CachePutOptions {
  /** The entry to write: `entryOf(…)(map)`, or `entryOf(…).fromResult(map)` where only the result names it. */
  readonly entry: AnyEntryRef
}

/** Checks the reference, and that the method resolves to what the entry holds. */
export interface CachePutCheck<O extends CachePutOptions> extends MethodCheck {
  readonly misfits:
    | EntryMisfit<this['method'], O['entry'], 'entry'>
    | (O['entry'] extends EntryRef<infer _Mapping, infer _From extends MappedFrom, infer Value>
        ? [Resolved<this['method']>] extends [Value]
          ? never
          : Mismatch<'entry', [holds: Value, butTheMethodResolvesTo: Resolved<this['method']>]>
        : never)
}

/**
 * Writes what a method resolves to as the value of another method's entry, under that method's own policy: its ttl, tags and
 * key options. For updates that return the new value.
 *
 * The entry is fenced before the method runs, so neither a load that is under way nor an older update can overwrite it. That
 * needs the key before the method runs: with `.fromResult` the entry is invalidated instead, and the next read loads it.
 * Stack `@Invalidates` on it for whatever else the update changes.
 *
 * @example
 * ```ts
 * class UserService {
 *   @CachePut({ entry: entryOf(() => UserService, 'byId')((id: number) => [id]) })
 *   async rename(id: number, name: string): Promise<User> {
 *     return this.db.renameUser(id, name)
 *   }
 * }
 * ```
 * @throws InvalidOption at decoration, naming the method and the option.
 * @throws NotDecoratable at decoration, on anything but a method.
 * @throws NoCache and NotCached from a call, before the method runs.
 * @throws InvalidationFailed from a call when a `.fromResult` function threw; the method's result is in it.
 */
export function CachePut<const O extends CachePutOptions>(
  options: O & OnlyKnown<O, CachePutOptions>,
): AsyncMethodDecorator<CachePutCheck<O>> {
  return defineMethodDecorator({
    kind: 'cache-put',
    decorator: '@CachePut',
    plan: ({ method, site }) => {
      const { entry, ...others } = options as CachePutOptions
      for (const option of Object.keys(others))
        throw new InvalidOption(site.at(option), option, 'the only option is entry')
      if (typeof entry?.find !== 'function')
        throw new InvalidOption(site.at('entry'), entry, 'it is entryOf(…)(map) or nameOf(…)(map)')
      return { wrapper: puttingWrapper(method, entry, site), options: Object.freeze({ entry }) }
    },
  })
}

function puttingWrapper(method: AsyncMethod, entry: AnyEntryRef, site: MethodSite): AsyncMethod {
  return {
    async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      const { entries, owner } = entry.find()
      const { named, self } = entries.reach(this, owner)
      const argsOf = (mapped: readonly unknown[]) => {
        const [only, ...others] = entries.split(entry.map.apply(this, mapped as never[]))
        if (only === undefined || others.length > 0)
          throw new InvalidOption(site.at('entry'), mapped, 'it names one entry')
        return only
      }
      const write = async () => {
        const running: unknown = method.apply(this, args)
        if (typeof (running as PromiseLike<unknown> | null)?.then !== 'function')
          throw new NotAPromise(site.where, running)
        return running
      }
      if (entry.from === 'arguments') return named.put(argsOf(args), write, self)
      const argsOfResult = (result: unknown) => {
        try {
          return argsOf([result, ...args])
        } catch (error) {
          throw new InvalidationFailed(site.where, [error], result)
        }
      }
      return named.put(argsOfResult, write, self)
    },
  }.wrapper
}
