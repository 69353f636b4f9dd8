import { randomBytes } from 'node:crypto'
import {
  type ClassRegistry,
  createClassRegistry,
  createPayloads,
  createSealer,
  createSecretDigester,
  type Sealer,
} from '@granary/serialization'
import { Cache } from './cache.ts'
import type { CacheParts } from './cache-parts.ts'
import { type Clock, systemClock } from './clock.ts'
import type { Engine, EngineSettings } from './engine/engine.ts'
import { Background } from './flight/background.ts'
import { Flights } from './flight/flights.ts'
import { Asides } from './invalidation/asides.ts'
import { Fences } from './invalidation/fences.ts'
import { Link } from './invalidation/link.ts'
import { OutboundQueue } from './invalidation/outbound-queue.ts'
import { UnsettledWrites } from './invalidation/unsettled-writes.ts'
import type { CacheOptions } from './options/cache-options.ts'
import { type ResolvedCacheOptions, resolveCacheOptions } from './options/resolve-cache-options.ts'
import { systemRandom } from './random.ts'
import { connectRedis } from './redis/connect-redis.ts'
import { LOCATION_VARIABLES } from './redis/settings/environment.ts'
import { planConnections } from './redis/settings/settings.ts'
import { countSuspensions } from './suspension-clock.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { MemoryTier } from './tiers/memory-tier.ts'

/**
 * Makes a cache: in memory alone, or in memory and Redis.
 *
 * It can be used at once; the connection to Redis is made in the background, and no failure of Redis ever reaches a caller.
 *
 * @example
 * ```ts
 * const cache = createCache({ namespace: 'shop', redis: 'env' })
 * ```
 * @throws InvalidOption naming the option or environment variable that cannot be used.
 */
export function createCache(options: CacheOptions = {}): Cache {
  const resolved = resolveCacheOptions(options, { environment: process.env, planConnections })
  const registry = createClassRegistry(options.classes)
  const sealer = options.encrypt === undefined ? undefined : createSealer(options.encrypt)
  const engine = assembleEngine(options, resolved, { registry, sealer })
  const parts = { namespace: resolved.namespace, engine, defaults: resolved.defaults, registry }
  if (resolved.redis === undefined) {
    warnOfUnusedRedis(engine)
    const secrets = createSecretDigester(resolved.pepper ?? randomBytes(32).toString('base64'))
    return new Cache({ ...parts, secrets, redis: undefined, connection: () => NO_REDIS, ready: async () => {} })
  }
  const secrets = resolved.pepper === undefined ? undefined : createSecretDigester(resolved.pepper)
  const { remote, handle, connection, ready } = connectRedis(engine, resolved.namespace, resolved.redis)
  const redis = sealer === undefined ? handle : { ...handle, sealer }
  return new Cache({ ...parts, engine: Object.assign(engine, { remote }), secrets, redis, connection, ready })
}

const NO_REDIS: ReturnType<CacheParts['connection']> = { state: 'none', reason: undefined, since: undefined }

/** Share of a lease to serve memory that is not used: how much faster another clock may go. */
const MARGIN = 0.05

/** How values become bytes. */
interface Encoding {
  readonly registry: ClassRegistry
  readonly sealer: Sealer | undefined
}

function payloadsOf({ compression }: CacheOptions, { registry, sealer }: Encoding): Engine['payloads'] {
  return createPayloads({
    classes: registry,
    ...(compression === undefined ? {} : { compression }),
    ...(sealer === undefined ? {} : { sealer }),
  })
}

function assembleEngine(options: CacheOptions, resolved: ResolvedCacheOptions, { registry, sealer }: Encoding): Engine {
  const given = options.clock ?? systemClock
  const isLeased = resolved.redis !== undefined && resolved.coherence === 'acknowledged'
  const clock = isLeased ? countSuspensions(given, (resolved.maxStaleness * MARGIN) / 2) : given
  const telemetry = new Telemetry({ namespace: resolved.namespace, logger: options.logger, now: () => clock.now() })
  const settings: EngineSettings = {
    leaseTime: resolved.redis?.leaseTime ?? 0,
    maxStaleness: resolved.maxStaleness,
    joinableFor: isLeased ? 0 : resolved.maxStaleness,
    // Without Redis there is nobody to follow.
    coherence: resolved.redis === undefined ? 'bus' : resolved.coherence,
    firstConnection: resolved.redis?.callBudget ?? 0,
    slowAfter: resolved.redis?.slowAfter ?? Number.POSITIVE_INFINITY,
    serveL1For: resolved.serveL1For,
    sealByDefault: sealer !== undefined,
    enabled: resolved.enabled,
    closed: false,
  }
  const segments: Engine['segments'] = new Map()
  return {
    owner: settings,
    clock,
    random: options.random ?? systemRandom,
    memory: new MemoryTier(resolved.memory, (segment, _key, cause) => {
      if (cause === 'evicted') segment.evictions += 1
      if (telemetry.wants('entry-removed')) telemetry.emit({ type: 'entry-removed', name: segment.name, cause })
    }),
    fences: new Fences(),
    asides: new Asides(),
    flights: new Flights(),
    background: new Background(),
    telemetry,
    failures: new Map(),
    registry,
    payloads: payloadsOf(options, { registry, sealer }),
    segments,
    puts: new Map(),
    writes: new UnsettledWrites(),
    queue: new OutboundQueue(),
    link: linkOf(clock, resolved),
    remote: undefined,
    settings,
  }
}

function linkOf(clock: Clock, { redis, coherence, maxStaleness }: ResolvedCacheOptions): Link {
  return new Link({
    clock,
    maxStaleness: maxStaleness * (coherence === 'acknowledged' ? 1 - MARGIN : 1),
    alwaysFresh: redis === undefined,
    readsProve: coherence === 'bus',
    opensProven: coherence !== 'acknowledged',
  })
}

/** A variable that names a Redis which is not used is more likely a mistake than a wish. */
function warnOfUnusedRedis({ telemetry }: Engine): void {
  const named = LOCATION_VARIABLES.filter((variable) => process.env[variable])
  if (named.length === 0) return
  telemetry.emit({
    type: 'advice-given',
    advice: `${named.join(' and ')} is set, but createCache() got no redis option: this cache is in memory only. Pass redis: 'env' to use it.`,
  })
}
