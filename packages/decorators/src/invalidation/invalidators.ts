import { type Cache, type InvalidateTargets, InvalidOption } from '@granary/core'
import { observeTags } from '../graph/observe-tags.ts'
import type { MethodNode } from '../method/method-node.ts'
import type { MethodSite } from '../method/method-site.ts'
import { registry } from '../method/registry.ts'
import { locateCache, surroundingsOf } from '../scope/locate-cache.ts'
import type { AnyEntryRef } from './entry-ref.ts'
import type { InvalidatesOptions } from './invalidation-options.ts'

/** A call that has run: on what, with which arguments and which result. */
export interface FinishedCall {
  readonly self: unknown
  readonly args: readonly unknown[]
  /** Undefined before the method has run. */
  readonly result: unknown
}

/** What is to go, and from which cache. */
export interface Aim {
  readonly cache: Cache
  readonly targets: InvalidateTargets
}

/** Knows its cache; says what goes once the call has run. */
export type AimedInvalidator = (call: FinishedCall) => Aim

/** One thing that a method invalidates. It finds its cache before the method runs, so that a missing one does no harm. */
export type Invalidator = (self: unknown) => AimedInvalidator

/** Everything that one `@Invalidates` names, as independent invalidators. */
export function invalidatorsOf(
  given: InvalidatesOptions,
  site: MethodSite,
  node: () => MethodNode,
): readonly Invalidator[] {
  const { tags, resultTags, entries = [], names = [], cache } = given
  const here = (self: unknown) => locateCache(cache, surroundingsOf(self), site.where)
  const invalidators: Invalidator[] = []
  if (Array.isArray(tags)) {
    const targets = { tags: checkStrings(tags, site.at('tags')) }
    if (tags.length > 0) invalidators.push((self) => always({ cache: here(self), targets }))
  } else if (tags !== undefined) {
    const tagsOf = observed(tags, { option: site.at('tags'), node })
    invalidators.push((self) => aimAt(here(self), (call) => tagsOf(call.self, call.args)))
  }
  if (resultTags !== undefined) {
    const tagsOf = observed(resultTags, { option: site.at('resultTags'), node })
    invalidators.push((self) => aimAt(here(self), (call) => tagsOf(call.self, [call.result, ...call.args])))
  }
  for (const entry of entries) invalidators.push((self) => aimAtEntry(entry, self))
  for (const name of checkStrings(names, site.at('names'))) {
    invalidators.push((self) => {
      const named = registry.methods.get(name)?.entries?.reach(self).named
      return always({ cache: cache ?? (named && ownerOf(named)) ?? here(self), targets: { names: [name] } })
    })
  }
  return Object.freeze(invalidators)
}

/** Names are defined by caches only. */
function ownerOf({ cache }: { readonly cache: object }): Cache {
  return cache as Cache
}

function always(aim: Aim): AimedInvalidator {
  return () => aim
}

function aimAt(cache: Cache, tagsOf: (call: FinishedCall) => readonly string[]): AimedInvalidator {
  return (call) => ({ cache, targets: { tags: tagsOf(call) } })
}

type TagsOf = (self: unknown, args: readonly unknown[]) => readonly string[]

function observed(tagsOf: unknown, { option, node }: { option: string; node: () => MethodNode }): TagsOf {
  if (typeof tagsOf !== 'function')
    throw new InvalidOption(option, tagsOf, 'it is an array of tags, or a function that returns one')
  const noted = observeTags(tagsOf as (...args: never[]) => readonly string[], node)
  return (self, args) => checkStrings(noted.apply(self, args as never[]), option)
}

/** The target's own plan makes the keys: its key function, ignored and secret arguments and partition apply. */
function aimAtEntry({ find, from, map, label }: AnyEntryRef, self: unknown): AimedInvalidator {
  const { entries: source, owner } = find()
  const reached = source.reach(self, owner)
  return (call) => {
    const args: unknown = map.apply(call.self, (from === 'result' ? [call.result, ...call.args] : call.args) as never[])
    if (!Array.isArray(args))
      throw new InvalidOption(label, args, 'its function returns the arguments of the entry as an array')
    const { name } = reached.named
    const entries = source.split(args).map((each) => ({ name, args: each, self: reached.self }))
    // Arguments without a key are refused here, alone; in the message to the cache they would take the others with them.
    for (const each of entries) reached.named.keyOf(each.args, each.self)
    return { cache: ownerOf(reached.named), targets: { entries } }
  }
}

function checkStrings(given: unknown, option: string): readonly string[] {
  if (!Array.isArray(given)) throw new InvalidOption(option, given, 'it is an array of strings')
  for (const tag of given) {
    if (typeof tag !== 'string' || tag === '') throw new InvalidOption(option, tag, 'it holds non-empty strings')
  }
  return Object.freeze([...given]) as readonly string[]
}
