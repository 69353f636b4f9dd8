import { randomBytes } from 'node:crypto'
import { createClassRegistry, createPayloads, createSealer, createSecretDigester } from '@granary/serialization'
import { Cache } from './cache.ts'
import { systemClock } from './clock.ts'
import { parseDuration } from './duration.ts'
import type { Engine, EngineSettings } from './engine/engine.ts'
import { InvalidOption } from './errors.ts'
import { Background } from './flight/background.ts'
import { Flights } from './flight/flights.ts'
import { Fences } from './invalidation/fences.ts'
import { Link } from './invalidation/link.ts'
import { OutboundQueue } from './invalidation/outbound-queue.ts'
import type { CacheOptions } from './options/cache-options.ts'
import { inRange } from './options/resolve-policy.ts'
import { systemRandom } from './random.ts'
import { NameCounters } from './telemetry/stats.ts'
import { Telemetry } from './telemetry/telemetry.ts'
import { MemoryTier } from './tiers/memory-tier.ts'
import { Segment } from './tiers/segment.ts'

export function createCache(options: CacheOptions = {}): Cache {
  const clock = options.clock ?? systemClock
  const registry = createClassRegistry(options.classes)
  const engine: Engine = {
    owner: {}, clock, random: options.random ?? systemRandom,
    memory: new MemoryTier({ maxEntries: 10_000, maxBytes: 64 * 2 ** 20 }, () => {}),
    fences: new Fences(), flights: new Flights(), background: new Background(),
    telemetry: new Telemetry({ namespace: options.namespace ?? 'granary', logger: options.logger, now: () => clock.now() }),
    registry, payloads: createPayloads({ classes: registry }), segments: new Map(), puts: new Map(), queue: new OutboundQueue(),
    link: new Link({ clock, maxStaleness: 1000, alwaysFresh: true }), remote: undefined,
    settings: { leaseTime: 3000, maxStaleness: 1000, firstConnection: 250, serveL1For: 0, sealByDefault: false, enabled: true, closed: false },
  }
  return new Cache({ namespace: options.namespace ?? 'granary', engine, defaults: {}, registry, secrets: createSecretDigester(randomBytes(32).toString('base64')), redis: undefined, connection: () => ({ state: 'none', reason: undefined, since: undefined }), ready: async () => {} })
}
