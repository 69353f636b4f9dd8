// The cache

export type { Unkept } from './answer/admission.ts'
export type { ChatCompletion, Choice, CompletionShape, Usage } from './answer/chat-completion.ts'
export type { Decision, OtherReason } from './answer/decision.ts'
export { cachePolicyOf, cacheStatus, decisionHeaders } from './answer/headers.ts'
export type { AskOptions, CachePolicy, Complete, ModelCall } from './cache/call.ts'
export type { Explanation } from './cache/explain.ts'
export type { FeedbackReceipt } from './cache/feedback.ts'
export type { Price } from './cache/parts.ts'
export { type Answered, SemanticCache, type Streamed } from './cache/semantic-cache.ts'
export { DeadlineMissed } from './cache/within.ts'
export { createSemanticCache } from './create-semantic-cache.ts'
// Embedders
export type { Embedder, Embedding } from './embed/embedder.ts'
export { EmbedderUnavailable } from './embed/embedder-unavailable.ts'
export { type EnergeticModel, energeticEmbedder } from './embed/energetic-embedder.ts'
export { type HttpEmbedderOptions, httpEmbedder } from './embed/http-embedder.ts'
export { type LexicalEmbedderOptions, lexicalEmbedder } from './embed/lexical-embedder.ts'
export { type MemoizedEmbedderOptions, memoizedEmbedder } from './embed/memoized-embedder.ts'
export {
  type FeatureExtraction,
  type TransformersEmbedderOptions,
  transformersEmbedder,
} from './embed/transformers-embedder.ts'
// Judges
export { type LearnedJudge, learnedJudge } from './judge/learned-judge.ts'
export type { LearnedJudgeOptions } from './judge/pledge.ts'
export type { JudgeReport, Outlook } from './judge/report.ts'
export type { Threshold } from './judge/threshold.ts'
export { thresholdJudge } from './judge/threshold-judge.ts'
export { type VcacheJudgeOptions, vcacheJudge } from './judge/vcache-judge.ts'
export type { Ask, Evidence, Judge, JudgeInput, Label, Refusal, Serve, Trial, Verdict } from './judge/verdict.ts'
export { type AnswerComparison, type AnswerPair, sameText } from './labels/answer-comparison.ts'
// Labels
export type { LabelPage, LabelStore } from './labels/label-store.ts'
export { type MemoryLabelStoreOptions, memoryLabelStore } from './labels/memory-label-store.ts'
export { type ModelComparisonOptions, modelComparison } from './labels/model-comparison.ts'
export { type RedisLabelStoreOptions, redisLabelStore } from './labels/redis-label-store.ts'
// Indexes
export { type MemoryIndexOptions, memoryIndex } from './nearest/memory-index.ts'
export { type PgClient, type PgvectorIndexOptions, pgvectorIndex, pgvectorSchema } from './nearest/pgvector-index.ts'
export { type RedisIndexOptions, redisIndex } from './nearest/redis/redis-index.ts'
export { IndexUnavailable } from './nearest/redis/redis-line.ts'
export type { IndexEntry, Neighbour, NewIndexEntry, VectorIndex } from './nearest/vector-index.ts'
export type { AnswerOptions, Match, RequestOptions, SemanticCacheOptions } from './options.ts'
// Requests
export type { ChatMessage, ChatRequest, MessagePart, RequestShape } from './request/chat-request.ts'
export type { Ineligibility } from './request/eligibility.ts'
export { IGNORED_PARAMETERS } from './request/ignored-parameters.ts'
export type { Partition } from './request/partition.ts'
// Streams
export type { ChatChunk, ChunkChoice, ChunkShape } from './stream/chat-chunk.ts'
export { LostThread, type LostThreadReason } from './stream/lost-thread.ts'
export type { Pacing } from './stream/replay.ts'
// Telemetry
export type { FailingPart, SemanticEvent, SemanticEventOf } from './telemetry/event.ts'
export type { SemanticStats } from './telemetry/stats.ts'
export { SEMANTIC_CHANNEL } from './telemetry/telemetry.ts'
