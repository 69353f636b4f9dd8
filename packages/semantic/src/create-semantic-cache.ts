import {
  type Cache,
  type Clock,
  type Duration,
  InvalidOption,
  isCache,
  parseDuration,
  type Random,
  systemClock,
  systemRandom,
} from '@granary/core'
import type { StoredAnswer } from './answer/stored-answer.ts'
import { SemanticCache } from './cache/semantic-cache.ts'
import type { Embedder } from './embed/embedder.ts'
import { lexicalEmbedder } from './embed/lexical-embedder.ts'
import { thresholdJudge } from './judge/threshold-judge.ts'
import type { Judge } from './judge/verdict.ts'
import { type AnswerComparison, sameText } from './labels/answer-comparison.ts'
import { memoryIndex } from './nearest/memory-index.ts'
import type { VectorIndex } from './nearest/vector-index.ts'
import type { Partition } from './request/partition.ts'

/** Options of {@link createSemanticCache}. */
export interface SemanticCacheOptions {
  /** Keeps the answers: the exact layer. */
  readonly cache: Cache
  /** Whose answers may be reused for whom. Required. */
  readonly partition: Partition
  /** How long an answer may be served, from when it was made; hits never extend it. */
  readonly ttl: Duration
  /** What an answer is found by; also the metric label. Default: `'semantic'`. */
  readonly name?: string
  /** Default: the lexical one, which compares spelling. */
  readonly embedder?: Embedder
  /** Default: in the process. */
  readonly index?: VectorIndex
  /** When an entry may be served for a text that is not its own: a fixed cosine similarity, or a judge. */
  readonly match: { readonly threshold: number } | Judge
  /** Whether two answers mean the same: what the judge learns from. Default: equal text. */
  readonly compare?: AnswerComparison
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
}

/**
 * Makes a response cache for chat completions.
 *
 * ```ts
 * const semantic = createSemanticCache({ cache, partition: (request) => request.user, ttl: '6h', match: { threshold: 0.95 } })
 * const complete = semantic.wrap((request) => openai.chat.completions.create(request))
 * ```
 * @throws InvalidOption when an option cannot be used.
 */
export function createSemanticCache(options: SemanticCacheOptions): SemanticCache {
  const { cache, partition, ttl, name = 'semantic', match, clock = systemClock, random = systemRandom } = options
  if (!isCache(cache)) throw new InvalidOption('cache', cache, 'it is what createCache() made')
  if (partition !== 'shared' && typeof partition !== 'function')
    throw new InvalidOption('partition', partition, `it is a function of the request, or 'shared'`)
  return new SemanticCache({
    cache,
    answers: cache.define<readonly [string], StoredAnswer>(name, { ttl }),
    partition,
    embedder: options.embedder ?? lexicalEmbedder(),
    index: options.index ?? memoryIndex({ clock }),
    judge: 'threshold' in match ? thresholdJudge(match.threshold) : match,
    compare: options.compare ?? sameText,
    ttl: parseDuration(ttl, 'ttl'),
    clock,
    random,
  })
}
