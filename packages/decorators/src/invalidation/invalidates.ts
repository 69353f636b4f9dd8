import { InvalidOption, isCache } from '@granary/core'
import { NotAPromise } from '../errors.ts'
import type { AsyncMethod, AsyncMethodDecorator, OnlyKnown } from '../method/fit.ts'
import { defineMethodDecorator } from '../method/method-decorator.ts'
import type { MethodNode } from '../method/method-node.ts'
import type { MethodSite } from '../method/method-site.ts'
import type { MethodPlan } from '../method/wrap.ts'
import { type AimedPlan, carryOut } from './carry-out.ts'
import type { InvalidatesCheck, InvalidatesOptions } from './invalidation-options.ts'
import { type Invalidator, invalidatorsOf } from './invalidators.ts'

/**
 * Invalidates after a method has resolved, and not when it rejects. The method's own result is returned untouched, once the
 * invalidation is in force.
 *
 * What it names is independent: one failing never skips the rest. Several of these on one method act as one. Decorators run
 * as they are written, the upper one around the lower: above `@Cached` it acts after every call, below it after loads only.
 *
 * @example
 * ```ts
 * class UserService {
 *   @Invalidates({ tags: (id: number) => [tags.user(id)] })
 *   async rename(id: number, name: string): Promise<void> {
 *     await this.db.renameUser(id, name)
 *   }
 * }
 * ```
 * @throws InvalidOption at decoration, naming the method and the option.
 * @throws NotDecoratable at decoration, on anything but a method.
 * @throws NoCache from a call, before the method runs, when no cache is configured; NotCached when `entryOf` points at nothing.
 * @throws InvalidationFailed from a call whose option functions threw, or under `required` whose invalidation was not
 * delivered; the method's result is in it.
 */
export function Invalidates<const O extends InvalidatesOptions>(
  options: O & OnlyKnown<O, InvalidatesOptions>,
): AsyncMethodDecorator<InvalidatesCheck<O>> {
  return defineMethodDecorator({
    kind: 'invalidates',
    decorator: '@Invalidates',
    plan: ({ method, site, node }): MethodPlan => {
      const plan = planInvalidation(options, site, node)
      const below = invalidating.get(method)
      const whole = { method: below?.method ?? method, plans: [...(below?.plans ?? []), plan] }
      const wrapper = invalidatingWrapper(whole)
      invalidating.set(wrapper, whole)
      return { wrapper, options: Object.freeze({ ...(options as InvalidatesOptions) }) }
    },
  })
}

/** One `@Invalidates`, validated. */
interface InvalidationPlan {
  readonly site: MethodSite
  readonly before: boolean
  readonly required: boolean
  readonly invalidators: readonly Invalidator[]
}

/** A method and all of the `@Invalidates` directly on it, the lowest first. */
interface Invalidating {
  readonly method: AsyncMethod
  readonly plans: readonly InvalidationPlan[]
}

const invalidating = new WeakMap<AsyncMethod, Invalidating>()

const KNOWN: ReadonlySet<string> = new Set(['tags', 'resultTags', 'entries', 'names', 'before', 'required', 'cache'])

function planInvalidation(given: InvalidatesOptions, site: MethodSite, node: () => MethodNode): InvalidationPlan {
  for (const option of Object.keys(given)) {
    if (!KNOWN.has(option))
      throw new InvalidOption(site.at(option), option, `known options are ${[...KNOWN].join(', ')}`)
  }
  const { before = false, required = false, cache, resultTags, entries = [] } = given
  for (const [option, value] of Object.entries({ before, required })) {
    if (typeof value !== 'boolean') throw new InvalidOption(site.at(option), value, 'it is true or false')
  }
  if (cache !== undefined && !isCache(cache))
    throw new InvalidOption(site.at('cache'), cache, 'it is a cache made by createCache()')
  if (!Array.isArray(entries) || entries.some((entry) => typeof entry?.find !== 'function')) {
    throw new InvalidOption(site.at('entries'), entries, 'it is an array of entryOf(…)(map) or nameOf(…)(map)')
  }
  if (before && (resultTags !== undefined || entries.some(({ from }) => from === 'result'))) {
    throw new InvalidOption(
      site.at('before'),
      before,
      'there is no result before the method runs: use tags, names and entries of arguments',
    )
  }
  const invalidators = invalidatorsOf(given, site, node)
  if (invalidators.length === 0)
    throw new InvalidOption(site.where, undefined, 'give tags, resultTags, entries or names')
  return { site, before, required, invalidators }
}

function invalidatingWrapper({ method, plans }: Invalidating): AsyncMethod {
  const aimed = (self: unknown, before: boolean): AimedPlan[] =>
    plans
      .filter((plan) => plan.before === before)
      .map(({ site, required, invalidators }) => ({
        where: site.where,
        required,
        invalidators: invalidators.map((invalidator) => invalidator(self)),
      }))
  return {
    async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      const first = aimed(this, true)
      const then = aimed(this, false)
      if (first.length > 0) await carryOut(first, { self: this, args, result: undefined })
      const running: unknown = method.apply(this, args)
      const result: unknown = await running
      await carryOut(then, { self: this, args, result })
      if (typeof (running as PromiseLike<unknown> | null)?.then !== 'function')
        throw new NotAPromise(plans[0]?.site.where ?? '', running)
      return result
    },
  }.wrapper
}
