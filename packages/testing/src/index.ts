// Time and chance

export {
  type EnsureRedisServerOptions,
  ensureRedisServer,
  findRedisServer,
  RedisServerMissing,
} from '../bin/redis-binary.mjs'
export { ContractViolated } from './contracts/decoration.ts'
export {
  type CachedProof,
  type CachedProofOptions,
  type ExpectCachedOptions,
  expectCached,
} from './contracts/expect-cached.ts'
export { type ExpectInvalidatesOptions, expectInvalidates } from './contracts/expect-invalidates.ts'
// Contracts of decorated methods
export {
  type AnyMethod,
  type ArgumentsOf,
  type CallResult,
  calling,
  type MethodNames,
  PlannedCall,
  type Planner,
} from './contracts/planned-call.ts'
export type { BodyRun, MethodNode, MethodRecord } from './contracts/registry.ts'
// Errors
export { InvalidTestOption, TestingError, type TestingErrorCode } from './errors.ts'
export type {
  ConnectionChoice,
  Direction,
  Disturbance,
  FaultPlan,
  FaultScope,
  FaultTiming,
  Moment,
  ProxiedConnection,
  Refusal,
} from './faults/fault-plan.ts'
export type { FaultProxy } from './faults/fault-proxy.ts'
export type { Fault } from './faults/injected-fault.ts'
export type { ProxyTarget } from './faults/proxied-pair.ts'
// Faults on the wire
export { type FaultProxyOptions, startFaultProxy } from './faults/start-fault-proxy.ts'
export type { WireCommand } from './faults/wire-record.ts'
export type { MonitoredCommand, RedisMonitor } from './redis/monitor.ts'
export type { RedisCluster } from './redis/redis-cluster.ts'
export { RedisReplyError } from './redis/redis-line.ts'
export type { RedisConfig, RedisServer } from './redis/redis-server.ts'
export type { RedisArgument, RedisReply } from './redis/resp.ts'
export type { SentinelGroup } from './redis/sentinel-group.ts'
// A real Redis
export { type StartRedisOptions, startRedis } from './redis/start-redis.ts'
export { type StartRedisClusterOptions, startRedisCluster } from './redis/start-redis-cluster.ts'
export { type StartSentinelOptions, startSentinel } from './redis/start-sentinel.ts'
export { expectQuiet, type Inspectable } from './story/expect-quiet.ts'
// Stories and invariants
export { type NarrateOptions, narrate, type StoryEvent } from './story/narrate.ts'
export { type EventRecording, type RecordEventsOptions, recordEvents } from './story/record-events.ts'
export { type ClockLike, ManualClock, type ManualClockOptions, type SettleOptions } from './time/manual-clock.ts'
export { type RandomLike, ScriptedRandom } from './time/scripted-random.ts'
