export { type ClassRegistration, UnkeyableArgument } from '@granary/serialization'
export { Cache, isCache } from './cache.ts'
export { CachedName } from './cached-name.ts'
export { type Clock, systemClock } from './clock.ts'
export { createCache } from './create-cache.ts'
export { type Duration, type DurationUnit, ms, parseDuration } from './duration.ts'
export type { Receipt } from './engine/invalidate.ts'
export type { Address } from './engine/remote.ts'
export type { CacheTransaction } from './engine/transaction/transact.ts'
export {
  BatchMismatch,
  CacheClosed,
  GranaryError,
  type GranaryErrorCode,
  InvalidationNotDelivered,
  InvalidOption,
  LoadTimeout,
  MissingPepper,
  NameTaken,
  NoActiveLoad,
  NothingToKeep,
  RecursiveLoad,
  type RedisFailure,
  RedisUnavailable,
} from './errors.ts'
export type { CallReport } from './flight/call-scope.ts'
export { type CurrentLoad, currentLoad } from './flight/current-load.ts'
export type { InvalidateTargets } from './invalidate-targets.ts'
export { checkKeyOptions, checkName } from './key/keying.ts'
export type { CacheOptions, Coherence, RedisTierOptions } from './options/cache-options.ts'
export type { KeyPart, PartialPolicy, Policy, PolicyDefaults } from './options/policy.ts'
export type {
  ClusterLike,
  ClusterNodes,
  KnownAddress,
  NatMap,
  NodeAddress,
  RedisHandle,
  RedisInput,
  RedisLike,
  RedisOptions,
  RedisSource,
} from './options/redis-client.ts'
export { checkPolicy } from './options/resolve-policy.ts'
export type { ClaimedMessage, Outbox, OutboxMessage, OutboxReader } from './outbox/outbox.ts'
export { outboxSchema, type PostgresOutboxOptions, postgresOutbox, type SqlClient } from './outbox/postgres-outbox.ts'
export { type Random, systemRandom } from './random.ts'
export { redisHandle } from './redis/settings/handle.ts'
export type { Health, Inspection, Observed } from './reports.ts'
export type { CacheEvent, EntryHit, EventOf, InvalidationSummary, LoadReason, Tier } from './telemetry/event.ts'
export type { LatencySummary } from './telemetry/histogram.ts'
export type { Level, Logger } from './telemetry/logger.ts'
export type { CacheStats, Stats } from './telemetry/stats.ts'
export { EVENT_CHANNEL } from './telemetry/telemetry.ts'
export type { RemovalCause } from './tiers/memory-tier.ts'
