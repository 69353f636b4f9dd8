import type { CachedName } from '@granary/core'
import type { TagUse } from '../graph/tag-use.ts'
import type { AsyncMethod } from './fit.ts'

/** What a decorator does; other packages add kinds of their own. */
export type MethodKind = 'cached' | 'cache-put' | 'invalidates' | 'rate-limited' | 'semantic' | (string & {})

/** A decorated method, as the registry and the cache graph know it: one node for each decorator on it. */
export interface MethodNode {
  readonly kind: MethodKind
  /** The name given to the decorator, with its class's prefix; for kinds without a name, `Class.method`. */
  readonly name: string
  /** Undefined for functions, and for a standard decorator's class until its first instance exists. */
  readonly className: string | undefined
  readonly methodName: string
  /** What kind of member it is; `function` for those made by `cached()`. */
  readonly member: 'instance' | 'static' | 'function'
  /** The options as they were given, frozen. */
  readonly options: Readonly<Record<string, unknown>>
  /** The method without any decorator. */
  readonly original: AsyncMethod
  /** For cached kinds: how others reach the entries. */
  readonly entries: EntrySource | undefined
  /** The tags that this method's option functions were seen to make. */
  readonly tags: TagUse
  /** Tells the node whose method it is, or that its class has got a scope. Decorators call it. */
  belongsTo(owner: object): void
}

/** How the entries of a cached method are reached from outside: through its own plan, so that its key options apply. */
export interface EntrySource {
  /**
   * Where the entries are that a call on `self` uses. When `self` is an instance of something else, its `cache` still counts,
   * and the scope is that of `owner`, the class whose entries are meant.
   */
  reach(self: unknown, owner?: object): ReachedEntries
  /** The arguments of the entries that one call reads: its own, or one set for each id of a batch. */
  split(args: readonly unknown[]): readonly (readonly unknown[])[]
}

/** Entries of one name in one cache, and what their option functions see as `this`. */
export interface ReachedEntries {
  readonly named: CachedName
  /** Undefined when the instance at hand is not one of the class. */
  readonly self: unknown
}
