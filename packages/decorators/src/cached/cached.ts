import type { CachedName } from '@granary/core'
import { NotAPromise, NotDecoratable } from '../errors.ts'
import type { AsyncMethod, AsyncMethodDecorator, OnlyKnown } from '../method/fit.ts'
import { defineMethodDecorator } from '../method/method-decorator.ts'
import type { MethodSite } from '../method/method-site.ts'
import type { DecoratedMethod, MethodPlan } from '../method/wrap.ts'
import { batchWrapper } from './batch.ts'
import type { CachedCheck, CachedOptions } from './cached-options.ts'
import { CachedPlan } from './cached-plan.ts'
import { readCachedOptions } from './read-options.ts'

/**
 * Caches what a method resolves to, by its arguments.
 *
 * Calls with canonically equal arguments share one entry, whatever instance they are made on; `partition` separates them.
 * A rejection is never stored, and reaches every waiting caller untouched. What is wrong with the options is thrown when the
 * class is defined, and what disagrees with the method does not compile.
 *
 * @example
 * ```ts
 * class UserService {
 *   @Cached({ name: 'user:by_id', ttl: TTL.USER, tags: (user: User) => [tags.user(user.id)] })
 *   async byId(id: number): Promise<User | null> {
 *     return this.db.findUser(id)
 *   }
 * }
 * ```
 * @throws InvalidOption at decoration, naming the method and `name`.
 * @throws NotDecoratable at decoration, on anything but a method.
 * @throws NoCache from a call when no cache is configured for it.
 * @throws MethodNameTaken from a call when another method has the name.
 */
export function Cached<const O extends CachedOptions>(
  options: O & OnlyKnown<O, CachedOptions>,
): AsyncMethodDecorator<CachedCheck<O>> {
  const name = (options as { name?: string } | null)?.name
  return defineMethodDecorator({
    kind: 'cached',
    decorator: '@Cached',
    ...(name === undefined ? {} : { name }),
    plan: (decorated) => planCached(options, decorated),
  })
}

/** The plan of a cached method or function. */
export function planCached(options: object, { method, site, below, node, claim }: DecoratedMethod): MethodPlan {
  if (below.some(({ kind }) => kind === 'cached')) throw new NotDecoratable(site.where, 'the method is cached already')
  const facts = readCachedOptions(options, site, node)
  const plan = new CachedPlan(facts, site, claim)
  const wrapper = facts.batch !== undefined ? batchWrapper(method, plan, site) : cachedWrapper(method, plan, site)
  return { wrapper, options: facts.options, entries: plan }
}

function cachedWrapper(method: AsyncMethod, plan: CachedPlan, site: MethodSite): AsyncMethod {
  const isFunction = site.facts.member === 'function'
  function general(this: unknown, ...args: unknown[]): Promise<unknown> {
    return load(plan.at(isFunction ? undefined : this), { method, site, self: this, args })
  }
  return {
    // The list of the arguments is only passed on: a hit then does not make one.
    wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      try {
        if (args.length !== 1) return general.apply(this, args)
        return plan.at(isFunction ? undefined : this).hitOne(args[0], this) ?? general.apply(this, args)
      } catch (error) {
        return Promise.reject(error)
      }
    },
  }.wrapper
}

interface Call {
  readonly method: AsyncMethod
  readonly site: MethodSite
  readonly self: unknown
  readonly args: readonly unknown[]
}

/** A function of its own, so that a hit allocates no closure. */
function load(named: CachedName, { method, site, self, args }: Call): Promise<unknown> {
  const run = () => {
    const loading: unknown = method.apply(self, args as unknown[])
    if (typeof (loading as PromiseLike<unknown> | null)?.then !== 'function') throw new NotAPromise(site.where, loading)
    return loading
  }
  return named.getOrSet(args, run, self)
}
