import { InvalidOption, isCache, systemClock, systemRandom } from '@granary/core'
import { defineAnswers } from './cache/answers.ts'
import { Learner } from './cache/learner.ts'
import { SemanticCache } from './cache/semantic-cache.ts'
import { lexicalEmbedder } from './embed/lexical-embedder.ts'
import { memoizedEmbedder } from './embed/memoized-embedder.ts'
import { sameText } from './labels/answer-comparison.ts'
import { memoryIndex } from './nearest/memory-index.ts'
import type { SemanticCacheOptions } from './options.ts'
import {
  checkOptions,
  readDeadlines,
  readFeedback,
  readLifetimes,
  readMatch,
  readRecording,
  readRules,
} from './read-options.ts'
import { SemanticTelemetry } from './telemetry/telemetry.ts'

/** Milliseconds between two looks at what other processes have learned. */
const LEARN_EVERY = 2_000

/**
 * Makes a response cache for chat completions.
 *
 * ```ts
 * const semantic = createSemanticCache({ cache, partition: (request) => request['user'] as string, ttl: '6h' })
 * const complete = semantic.wrap((request) => openai.chat.completions.create(request))
 * ```
 * @throws InvalidOption when an option cannot be used.
 * @throws NameTaken when the cache knows the name already.
 */
export function createSemanticCache(options: SemanticCacheOptions): SemanticCache {
  const { cache, name = 'semantic', clock = systemClock, random = systemRandom, pacing = {} } = options
  if (!isCache(cache)) throw new InvalidOption('cache', cache, 'it is what createCache() made')
  checkOptions(options)
  const embedder = memoizedEmbedder(options.embedder ?? lexicalEmbedder())
  const judge = readMatch(options.match)
  const lifetimes = readLifetimes(options)
  const deadlines = readDeadlines(options.deadlines)
  const telemetry = new SemanticTelemetry(name)
  return new SemanticCache({
    cache,
    answers: defineAnswers(cache, name, lifetimes),
    rules: readRules(options, embedder.id),
    embedder,
    index: options.index ?? memoryIndex({ clock }),
    judge,
    compare: options.compare ?? sameText,
    learner: new Learner({
      judge,
      store: options.labels,
      clock,
      deadline: deadlines.labels,
      every: LEARN_EVERY,
      telemetry,
    }),
    tags: options.tags,
    price: options.price,
    indexTtl: lifetimes.indexTtl,
    toolCalls: options.toolCalls ?? false,
    dropAfter: readFeedback(options.feedback),
    deadlines,
    recording: readRecording(options.recording),
    pacing,
    telemetry,
    clock,
    random,
  })
}
