// The cache

export type { ChatCompletion, Choice, Usage } from './answer/chat-completion.ts'
export type { Decision } from './answer/decision.ts'
export type { StoredAnswer } from './answer/stored-answer.ts'
export { type Answered, type Complete, SemanticCache } from './cache/semantic-cache.ts'
export { createSemanticCache, type SemanticCacheOptions } from './create-semantic-cache.ts'
// Embedders
export type { Embedder, Embedding } from './embed/embedder.ts'
export { type LexicalEmbedderOptions, lexicalEmbedder } from './embed/lexical-embedder.ts'
// Judges
export { thresholdJudge } from './judge/threshold-judge.ts'
export type { Ask, Evidence, Judge, JudgeInput, Label, Refusal, Serve, Trial, Verdict } from './judge/verdict.ts'
export { type AnswerComparison, type AnswerPair, sameText } from './labels/answer-comparison.ts'
// Labels
export type { LabelPage, LabelStore } from './labels/label-store.ts'
export { type MemoryLabelStoreOptions, memoryLabelStore } from './labels/memory-label-store.ts'
// Indexes
export { type MemoryIndexOptions, memoryIndex } from './nearest/memory-index.ts'
export { type RedisIndexOptions, redisIndex } from './nearest/redis/redis-index.ts'
export { type IndexRedis, IndexUnavailable } from './nearest/redis/redis-line.ts'
export type { IndexEntry, Neighbour, NewIndexEntry, VectorIndex } from './nearest/vector-index.ts'
// Requests
export type { CanonicalRequest, Ineligibility } from './request/canonical-request.ts'
export type { ChatMessage, ChatRequest, MessagePart } from './request/chat-request.ts'
export type { Partition } from './request/partition.ts'
