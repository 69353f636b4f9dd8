import type { Cache } from '@granary/core'
import type { RateLimiter } from '@granary/rate-limit'
import type { TagFamily } from '../graph/tag-use.ts'
import type { MethodNode } from './method-node.ts'

const REGISTRY = Symbol.for('granary.registry')

/**
 * Every decorated method of the process. It hangs on a shared symbol, so that two copies of this package, or a module loaded
 * twice, still make one registry. Bounded by the program: one node per decorator in its source.
 */
export interface Registry {
  readonly version: 1
  /** By name for cached methods; by kind and name for the others. */
  readonly methods: Map<string, MethodNode>
  /** Tag families by name, as `defineTags` made them. */
  readonly families: Map<string, TagFamily>
  /** What `configureGranary` set. Replaced as a whole, never changed. */
  configuration: Configuration
  /** Whether any class has a scope: until then calls need not look for one. */
  scoped: boolean
  /** Told synchronously of each tag that a family makes while an option function runs. */
  tagMade: ((tag: string, family: string) => void) | undefined
}

/** What `configureGranary` sets. */
export interface Configuration {
  /** The cache of methods that name none. */
  readonly cache?: Cache | undefined
  /** The limiter of `@RateLimited` methods that name none. */
  readonly rateLimiter?: RateLimiter | undefined
}

/** The registry of this process. */
export const registry: Registry = find()

function find(): Registry {
  const holder = globalThis as { [REGISTRY]?: Registry }
  const found = holder[REGISTRY]
  if (found !== undefined) return found
  const made: Registry = {
    version: 1,
    methods: new Map(),
    families: new Map(),
    configuration: Object.freeze({}),
    scoped: false,
    tagMade: undefined,
  }
  Object.defineProperty(globalThis, REGISTRY, { value: made })
  return made
}
