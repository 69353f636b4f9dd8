// Decorators

export { Cached } from './cached/cached.ts'
// Functions
export {
  type CachedBatchOptions,
  type CachedFunctionNaming,
  type CachedFunctionOptions,
  cached,
} from './cached/cached-function.ts'
export type { BatchItem, BatchShape, CachedCheck, CachedOptions } from './cached/cached-options.ts'
// Settings
export { configureGranary, type GranarySettings, granaryConfiguration } from './configure.ts'
// Errors
export {
  type DecoratorErrorCode,
  InvalidationFailed,
  MethodNameTaken,
  NoCache,
  NotAPromise,
  NotCached,
  NotDecoratable,
} from './errors.ts'
// The graph
export { auditCacheGraph, type CacheGraphFinding } from './graph/audit.ts'
export { type CacheGraph, cacheGraph, type GraphEdge, type GraphMethod } from './graph/cache-graph.ts'
export { type TagFamily, TagUse } from './graph/tag-use.ts'
export { CachePut, type CachePutCheck, type CachePutOptions } from './invalidation/cache-put.ts'
// Links between methods
export { entryOf, nameOf } from './invalidation/entry-of.ts'
export type {
  AnyEntryRef,
  EntryRef,
  EntryTarget,
  EntryTargetOf,
  FoundTarget,
  MappedFrom,
  MethodsOf,
} from './invalidation/entry-ref.ts'
export { Invalidates } from './invalidation/invalidates.ts'
export type { EntryMisfit, InvalidatesCheck, InvalidatesOptions } from './invalidation/invalidation-options.ts'
export { NoRateLimiter, RateLimited } from './limiting/rate-limited.ts'
export type { ByLimit, RateLimitedCheck, RateLimitedOptions } from './limiting/rate-limited-options.ts'
export type {
  AnyMethodDecorator,
  AsyncMethod,
  AsyncMethodDecorator,
  MethodCheck,
  Misfit,
  Misfits,
  Mismatch,
  OnlyKnown,
  Present,
  Resolved,
  StreamMethod,
  Unannotated,
} from './method/fit.ts'
// Decorators of your own
export { type DecoratorDefinition, defineMethodDecorator } from './method/method-decorator.ts'
export type { EntrySource, MethodKind, MethodNode, ReachedEntries } from './method/method-node.ts'
export { type BodyRun, type MethodRecord, recordOf } from './method/method-record.ts'
export { type MethodFacts, MethodSite } from './method/method-site.ts'
export type { Configuration, Registry } from './method/registry.ts'
export type { DecoratedMethod, MethodPlan, PlanMaker } from './method/wrap.ts'
export { CacheScope, type ClassDecorator } from './scope/cache-scope.ts'
export type { CacheScopeOptions } from './scope/scope.ts'
export { defineTags, type TagFunctions } from './tags.ts'
export { TTL } from './ttl.ts'
