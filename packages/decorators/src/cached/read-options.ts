import {
  type Cache,
  checkKeyOptions,
  checkName,
  checkPolicy,
  InvalidOption,
  isCache,
  type PartialPolicy,
} from '@granary/core'
import { observeTags } from '../graph/observe-tags.ts'
import type { MethodNode } from '../method/method-node.ts'
import type { MethodSite } from '../method/method-site.ts'
import type { BatchShape } from './cached-options.ts'

/** What is known of a cached method before any call: validated, copied and frozen. */
export interface CachedFacts {
  readonly name: string
  readonly cache: Cache | undefined
  readonly batch: BatchShape | undefined
  readonly policy: PartialPolicy
  /** The options as they were given, for the registry. */
  readonly options: Readonly<Record<string, unknown>>
}

const SHAPES: ReadonlySet<unknown> = new Set([undefined, true, 'map', 'array'])

/**
 * Reads the options of a cached method.
 *
 * @throws InvalidOption naming the method, its name, the option, its value and what is allowed.
 */
export function readCachedOptions(given: object, site: MethodSite, node: () => MethodNode): CachedFacts {
  if (typeof given !== 'object' || given === null)
    throw new InvalidOption(
      site.at('options'),
      given,
      "they have a name and a ttl, as in { name: 'user:by_id', ttl: '5m' }",
    )
  const { name, cache, batch, ...policy } = given as PartialPolicy & {
    name?: unknown
    cache?: unknown
    batch?: unknown
  }
  checkName(name, site.at('name'))
  if (cache !== undefined && !isCache(cache))
    throw new InvalidOption(site.at('cache'), cache, 'it is a cache made by createCache()')
  if (!SHAPES.has(batch)) throw new InvalidOption(site.at('batch'), batch, "it is true, 'map' or 'array'")
  checkPolicy(site.where, policy)
  checkKeyOptions(site.where, policy)
  const facts = { name, cache, batch: batch as BatchShape | undefined, policy: frozenPolicy(policy, node) }
  return Object.freeze({ ...facts, options: Object.freeze({ ...given }) })
}

/** The policy as core will read it: arrays copied, tag functions observed for the cache graph. */
function frozenPolicy(policy: PartialPolicy, node: () => MethodNode): PartialPolicy {
  const { tags, negativeTags, ignore, secret } = policy
  return Object.freeze({
    ...policy,
    ...(typeof tags === 'function'
      ? { tags: observeTags(tags, node) }
      : tags === undefined
        ? {}
        : { tags: Object.freeze([...tags]) }),
    ...(negativeTags === undefined ? {} : { negativeTags: observeTags(negativeTags, node) }),
    ...(ignore === undefined ? {} : { ignore: Object.freeze([...ignore]) }),
    ...(Array.isArray(secret) ? { secret: Object.freeze([...secret]) } : {}),
  })
}
