import type { Cache, Clock, Duration, Random } from '@granary/core'
import type { Price } from './cache/parts.ts'
import type { Embedder } from './embed/embedder.ts'
import type { LearnedJudgeOptions } from './judge/pledge.ts'
import type { Judge } from './judge/verdict.ts'
import type { AnswerComparison } from './labels/answer-comparison.ts'
import type { LabelStore } from './labels/label-store.ts'
import type { VectorIndex } from './nearest/vector-index.ts'
import type { ChatRequest } from './request/chat-request.ts'
import type { Partition } from './request/partition.ts'
import type { Pacing } from './stream/replay.ts'

/** Options of `createSemanticCache` that concern requests: what counts, and what is compared. */
export interface RequestOptions {
  /** Whose answers may be reused for whom. Required. */
  readonly partition: Partition
  /**
   * Names of request parameters that do not change the answer and are left out of the key. It replaces the default list
   * `IGNORED_PARAMETERS`; everything else counts, known to the cache or not.
   */
  readonly ignore?: readonly string[]
  /**
   * Values in the last user turn, by name, when it is made from a template: they are compared by meaning, and the text around them
   * must be equal. Undefined for a request without a template: then the whole turn is compared.
   */
  readonly variables?: (request: ChatRequest) => Readonly<Record<string, string>> | undefined
  /**
   * What earlier turns must be for an answer to be reused by meaning. `none`: there are none; a conversation that goes on is matched
   * exactly. `exact`: equal. `chain`: equal, or linked because their answers were compared and found equal. Default: `exact`.
   */
  readonly context?: 'none' | 'chain' | 'exact'
  /** The highest temperature at which answers are shared by meaning, from 0 to 2. Default: 0.3. */
  readonly temperatureGate?: number
  /** What a request without a temperature has: the provider's default. 0 lets such requests share by meaning. Default: 1. */
  readonly defaultTemperature?: number
  /** Whether a question's right answer changes with time. Default: English words such as today, latest, now, price. */
  readonly isVolatile?: (text: string) => boolean
}

/** Options of `createSemanticCache` that concern answers: what is kept, how long, and how it streams. */
export interface AnswerOptions {
  /** How long an answer may be served, from when it was made; hits never extend it. */
  readonly ttl: Duration
  /** How long the answer of a volatile question may be served, by exact match. Default: the ttl, at most a minute. */
  readonly volatileTtl?: Duration
  /** Keep answers that call tools, for exact matches. Default: false. */
  readonly toolCalls?: boolean
  /** Further tags of a request's answer, beside `chat:{tenant}` and `model:{id}`. */
  readonly tags?: (request: ChatRequest) => readonly string[]
  /** What an answer cost, for `savedCost`. */
  readonly price?: Price
  /** At what pace stored answers are streamed. Default: as fast as they are taken. */
  readonly pacing?: Pacing
  /** Bounds of the recording of a stream. */
  readonly recording?: {
    /** Estimated bytes of a stream that are recorded; past it, it is only forwarded. Default: 8 MiB, some 25,000 chunks. */
    readonly maxBytes?: number
    /** How long a reader may let a stream wait before others no longer wait for it. Default: `'5s'`. */
    readonly stallAfter?: Duration
  }
  /** What reports of users do. */
  readonly feedback?: {
    /** So many bad reports drop an answer, 1 to 100. Default: 2. */
    readonly dropAfter?: number
    /** How long a semantic hit may be judged. Default: `'1d'`. */
    readonly within?: Duration
  }
}

/** When an entry may be served for a text that is not its own. */
export type Match = LearnedJudgeOptions | { readonly threshold: number } | Judge

/** Options of `createSemanticCache`. */
export interface SemanticCacheOptions extends RequestOptions, AnswerOptions {
  /** Keeps the answers: the exact layer. */
  readonly cache: Cache
  /** What an answer is found by; also the metric label. Default: `'semantic'`. */
  readonly name?: string
  /** Default: the lexical one, which compares spelling. What it answered is remembered, for 5,000 texts in this process. */
  readonly embedder?: Embedder
  /** Default: in the process. */
  readonly index?: VectorIndex
  /**
   * When an entry may be served for a text that is not its own: under a bound on wrong answers per hit, from a fixed cosine
   * similarity on, or as a judge of yours says. Default: `{ maxWrongPerHit: 0.02 }`, which serves nothing until it has evidence.
   */
  readonly match?: Match
  /** Whether two answers mean the same: what the judge learns from. Default: equal text. */
  readonly compare?: AnswerComparison
  /** Where the judge's experience is kept and shared. Default: in this process, until it ends. */
  readonly labels?: LabelStore
  /** How long each part may take; past it the request goes on without it. */
  readonly deadlines?: {
    /** Default: `'500ms'`. */
    readonly embed?: Duration
    /** One search of the index, and reading the links of a conversation. Default: `'100ms'`. */
    readonly search?: Duration
    /** One change of the index, off the request's path. Default: `'1s'`. */
    readonly write?: Duration
    /** One comparison of answers, off the request's path. Default: `'30s'`. */
    readonly compare?: Duration
    /** One exchange with the label store, off the request's path. Default: `'2s'`. */
    readonly labels?: Duration
  }
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
}
