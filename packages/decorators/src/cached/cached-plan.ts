import type { Cache, CachedName, PartialPolicy } from '@granary/core'
import type { EntrySource, ReachedEntries } from '../method/method-node.ts'
import type { MethodSite } from '../method/method-site.ts'
import { registry } from '../method/registry.ts'
import { locateCache, type Surroundings, surroundingsOf } from '../scope/locate-cache.ts'
import { type CacheScopeOptions, nameIn, scopeOf } from '../scope/scope.ts'
import type { CachedFacts } from './read-options.ts'

const NOT_YET = Symbol('not yet')

/**
 * Where the entries of one decorated method are, for every instance and cache it is called with.
 *
 * What decides is the instance's `cache`, the class's scope and the configured cache; the last answer is kept, so that a call
 * compares three references and is at its entries.
 */
export class CachedPlan implements EntrySource {
  readonly facts: CachedFacts
  readonly #site: MethodSite
  readonly #claim: () => boolean
  readonly #policies = new WeakMap<object, PartialPolicy>()
  readonly #names = new WeakMap<PartialPolicy, WeakMap<Cache, CachedName>>()
  readonly #definedIn = new WeakSet<Cache>()
  /** At first something that no instance has. */
  #own: unknown = NOT_YET
  #scope: CacheScopeOptions | undefined
  #configured: Cache | undefined
  #named: CachedName | undefined

  constructor(facts: CachedFacts, site: MethodSite, claim: () => boolean) {
    this.facts = facts
    this.#site = site
    this.#claim = claim
  }

  /**
   * The entries that a call on `self` uses.
   *
   * @throws NoCache when nothing names a cache.
   * @throws MethodNameTaken when the name belongs to another method.
   */
  at(self: unknown): CachedName {
    const own = (self as { readonly cache?: unknown } | null | undefined)?.cache
    const scope = registry.scoped ? scopeOf(self) : undefined
    const isSame = own === this.#own && scope === this.#scope && registry.configuration.cache === this.#configured
    return isSame ? (this.#named as CachedName) : this.#moveTo(own, scope)
  }

  /** Locates the entries anew, and keeps the answer. */
  #moveTo(own: unknown, scope: CacheScopeOptions | undefined): CachedName {
    const named = this.#locate({ own, scope })
    this.#own = own
    this.#scope = scope
    this.#configured = registry.configuration.cache
    this.#named = named
    return named
  }

  reach(self: unknown, owner: object | undefined = this.#site.owner): ReachedEntries {
    if (this.#site.facts.member === 'function') return { named: this.at(undefined), self: undefined }
    const isOurs = self === owner || (typeof owner === 'function' && self instanceof owner)
    if (isOurs && owner !== undefined) return { named: this.at(self), self }
    return { named: this.#locate(surroundingsOf(self, owner)), self: undefined }
  }

  split(args: readonly unknown[]): readonly (readonly unknown[])[] {
    const [ids, ...rest] = args
    return this.facts.batch !== undefined && Array.isArray(ids) ? ids.map((id) => [id, ...rest]) : [args]
  }

  #locate(surroundings: Surroundings): CachedName {
    const { scope } = surroundings
    const cache = locateCache(this.facts.cache, surroundings, this.#site.where)
    const policy = this.#policyIn(scope)
    const known = this.#names.get(policy)?.get(cache)
    if (known !== undefined) return known
    const replace = this.#claim() || this.#definedIn.has(cache)
    const named = cache.define(nameIn(scope, this.facts.name), policy, { replace })
    this.#definedIn.add(cache)
    const names = this.#names.get(policy) ?? new WeakMap<Cache, CachedName>()
    this.#names.set(policy, names.set(cache, named))
    return named
  }

  /** The policy under the defaults of a scope. Kept, because a name has one policy object. */
  #policyIn(scope: CacheScopeOptions | undefined): PartialPolicy {
    if (scope === undefined) return this.facts.policy
    const known = this.#policies.get(scope)
    if (known !== undefined) return known
    const policy = Object.freeze({ ...scope.defaults, ...this.facts.policy })
    this.#policies.set(scope, policy)
    return policy
  }
}
