import type { ClassRegistry, createPayloads } from '@granary/serialization'
import type { Clock } from '../clock.ts'
import type { RedisFailure } from '../errors.ts'
import type { Background } from '../flight/background.ts'
import type { Flights } from '../flight/flights.ts'
import type { Asides } from '../invalidation/asides.ts'
import type { Fences } from '../invalidation/fences.ts'
import type { Link } from '../invalidation/link.ts'
import type { OutboundQueue } from '../invalidation/outbound-queue.ts'
import type { UnsettledWrites } from '../invalidation/unsettled-writes.ts'
import type { Coherence } from '../options/cache-options.ts'
import type { Random } from '../random.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import type { MemoryTier } from '../tiers/memory-tier.ts'
import type { Segment } from '../tiers/segment.ts'
import type { RemoteTier } from './remote.ts'

/** The collaborators of one cache, put together by the composition root and handed to every operation. */
export interface Engine {
  readonly owner: object
  readonly clock: Clock
  readonly random: Random
  readonly memory: MemoryTier
  readonly fences: Fences
  readonly flights: Flights
  readonly background: Background
  readonly telemetry: Telemetry
  /** Commands that failed, by cause. */
  readonly failures: Map<RedisFailure, number>
  readonly registry: ClassRegistry
  readonly payloads: ReturnType<typeof createPayloads>
  /** Copies of which Redis has said that their key was written. */
  readonly asides: Asides
  /** Segments by label. */
  readonly segments: Map<string, Segment>
  /** Write-throughs under way by entry key: the last one to begin may store. */
  readonly puts: Map<string, object>
  /** What `set` has sent and Redis may still execute. */
  readonly writes: UnsettledWrites
  readonly queue: OutboundQueue
  /** Proof that memory may be served; always given when there is no Redis. */
  readonly link: Link
  /** Undefined: memory only. */
  remote: RemoteTier | undefined
  readonly settings: EngineSettings
}

/** The engine's own options, in milliseconds. */
export interface EngineSettings {
  readonly leaseTime: number
  readonly maxStaleness: number
  /** How long a flight takes new callers although memory is not proven: what it brings may lag as memory may. */
  readonly joinableFor: number
  /** How memory is kept coherent with what others write. */
  readonly coherence: Coherence
  /** How long a call waits for the first connection of the process. */
  readonly firstConnection: number
  /** How long a flight waits for Redis before it begins to load beside it; infinite: never. */
  readonly slowAfter: number
  /** How long memory may be served after Redis was lost; 0 serves none. */
  readonly serveL1For: number
  readonly sealByDefault: boolean
  enabled: boolean
  closed: boolean
}
