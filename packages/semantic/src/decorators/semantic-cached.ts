import { GranaryError, InvalidOption } from '@granary/core'
import {
  type AsyncMethodDecorator,
  type DecoratedMethod,
  defineMethodDecorator,
  granaryConfiguration,
  type MethodCheck,
  type MethodPlan,
  type Misfits,
  type Mismatch,
  type OnlyKnown,
  type Resolved,
} from '@granary/decorators'
import type { CompletionShape } from '../answer/chat-completion.ts'
import { SemanticCache } from '../cache/semantic-cache.ts'
import { createSemanticCache } from '../create-semantic-cache.ts'
import type { SemanticCacheOptions } from '../options.ts'
import { checkOptions } from '../read-options.ts'
import type { RequestShape } from '../request/chat-request.ts'
import type { ChunkShape } from '../stream/chat-chunk.ts'

/** What `@SemanticCached` takes: a semantic cache, or the options of one of its own. */
export type SemanticCachedOptions = SemanticCachedNaming &
  (GivenSemanticCache | (Omit<SemanticCacheOptions, 'cache' | 'name'> & OwnSemanticCache))

/** What every `@SemanticCached` says. */
export interface SemanticCachedNaming {
  /** Names the method for good: node of the cache graph and, without `semantic`, what its answers are found by. */
  readonly name: string
  /** The chat request in the method's arguments. Default: the first one. Called with the instance as `this`. */
  readonly request?: (...args: never[]) => RequestShape
}

/** A semantic cache that exists. */
export interface GivenSemanticCache {
  /** The semantic cache to use, or a function of the instance. */
  readonly semantic: SemanticCache | ((self: never) => SemanticCache)
}

/** A semantic cache that the decorator makes, over a cache. */
export interface OwnSemanticCache {
  /** Keeps the answers. Default: the cache that was given to `configureGranary`. */
  readonly cache?: SemanticCacheOptions['cache']
}

interface CalledWith<A extends readonly unknown[]> {
  readonly request: A
}

/** Checks that a method takes a chat request and resolves to a completion, or to a stream of chunks. */
export interface SemanticCachedCheck<O> extends MethodCheck {
  readonly misfits:
    | Misfits<O, CalledWith<Parameters<this['method']>>>
    | (Resolved<this['method']> extends CompletionShape | AsyncIterable<ChunkShape>
        ? never
        : Mismatch<'result', Resolved<this['method']>>)
    | (O extends { readonly request: unknown }
        ? never
        : Parameters<this['method']> extends readonly [RequestShape, ...unknown[]]
          ? never
          : Mismatch<'request', Parameters<this['method']>>)
}

/** No semantic cache can be made for a call: `configureGranary` was not given a cache. */
export class NoSemanticCache extends GranaryError {
  constructor(where: string) {
    super(
      'NO_SEMANTIC_CACHE',
      `${where}: there is no cache; call configureGranary({ cache }) before, or give the decorator cache or semantic.`,
    )
  }
}

/**
 * Answers a method that asks a chat model from the semantic cache. The method takes an OpenAI-shaped request and resolves to a
 * completion or, when the request says `stream: true`, to a stream of chunks. An AbortSignal among its arguments, or a `signal` in an
 * object there, is how a caller leaves; the method gets one that fires when the last caller who waits for the same answer has left.
 *
 * @example
 * ```ts
 * class ChatService {
 *   @SemanticCached({ name: 'chat', partition: (request) => request['user'] as string, ttl: '6h', match: { threshold: 0.95 } })
 *   async complete(request: ChatRequest): Promise<ChatCompletion> {
 *     return this.openai.chat.completions.create(request)
 *   }
 * }
 * ```
 * @throws InvalidOption at decoration, naming the method and `name`.
 * @throws NotDecoratable at decoration, on anything but a method.
 * @throws NoSemanticCache from a call when no cache is configured for it.
 */
export function SemanticCached<const O extends SemanticCachedOptions>(
  options: O &
    OnlyKnown<O, SemanticCachedNaming & Partial<GivenSemanticCache> & Partial<Omit<SemanticCacheOptions, 'name'>>>,
): AsyncMethodDecorator<SemanticCachedCheck<O>> {
  return defineMethodDecorator({
    kind: 'semantic',
    decorator: '@SemanticCached',
    name: options.name,
    plan: (decorated) => planSemantic(options, decorated),
  })
}

function planSemantic(options: SemanticCachedOptions, { method, site, claim }: DecoratedMethod): MethodPlan {
  const { request } = options
  if (request !== undefined && typeof request !== 'function')
    throw new InvalidOption(site.at('request'), request, 'it is a function of the arguments')
  const find = 'semantic' in options ? givenBy(options, site.at('semantic')) : ownOf(options, site)
  let isClaimed = false
  const wrapper = {
    async wrapper(this: unknown, ...args: unknown[]): Promise<unknown> {
      if (!isClaimed) claim()
      isClaimed = true
      const asked = (request === undefined ? args[0] : request.apply(this, args as never[])) as RequestShape
      return find(this).answerCall(asked, args, async (given) => method.apply(this, given))
    },
  }.wrapper
  return { wrapper, options: Object.freeze({ ...options }) }
}

function givenBy({ semantic }: GivenSemanticCache, where: string): (self: unknown) => SemanticCache {
  if (semantic instanceof SemanticCache) return () => semantic
  if (typeof semantic === 'function') return (self) => semantic(self as never)
  throw new InvalidOption(where, semantic, 'it is what createSemanticCache() made, or a function of the instance')
}

/** One semantic cache for each cache that the method is ever called under; tests configure others. */
function ownOf(
  given: Omit<SemanticCacheOptions, 'cache'> & OwnSemanticCache,
  site: DecoratedMethod['site'],
): () => SemanticCache {
  const { request: _, ...options } = given as typeof given & { request?: unknown }
  try {
    checkOptions(options)
  } catch (error) {
    throw error instanceof GranaryError ? new InvalidOption(site.where, 'an option', error.message) : error
  }
  const made = new WeakMap<object, SemanticCache>()
  return () => {
    const cache = options.cache ?? granaryConfiguration().cache
    if (cache === undefined) throw new NoSemanticCache(site.where)
    const found = made.get(cache) ?? createSemanticCache({ ...options, cache })
    made.set(cache, found)
    return found
  }
}
