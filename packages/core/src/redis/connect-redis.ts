import type { CacheParts } from '../cache-parts.ts'
import type { Engine } from '../engine/engine.ts'
import { summaryOf } from '../engine/invalidate.ts'
import { suspect, takePushed } from '../engine/pushed.ts'
import type { RemoteTier } from '../engine/remote.ts'
import { RedisUnavailable } from '../errors.ts'
import { applyLocally, emptyMemory } from '../invalidation/local-effects.ts'
import type { RedisHandle } from '../options/redis-client.ts'
import type { ResolvedRedisOptions } from '../options/resolve-cache-options.ts'
import { type Assembly, type Surroundings, sessionOf, supervisionOf } from './assembly.ts'
import { assembleCluster } from './cluster/assemble-cluster.ts'
import { metadataOf } from './metadata.ts'
import { NodeFrames } from './node-frames.ts'
import { RedisTier } from './redis-tier.ts'
import { memoryAdvice } from './settings/memory-advice.ts'
import type { Deliver, SupervisorEffects } from './supervision.ts'
import { Supervisor } from './supervisor.ts'

/** What a cache gets of its Redis. */
export interface ConnectedRedis {
  readonly remote: RemoteTier
  readonly handle: RedisHandle
  readonly connection: CacheParts['connection']
  readonly ready: () => Promise<void>
}

/** Puts a Redis behind an engine: the supervisor begins to connect at once. */
export function connectRedis(engine: Engine, namespace: string, options: ResolvedRedisOptions): ConnectedRedis {
  const { clock, random, link } = engine
  const { plan, callBudget, leaseTime, required } = options
  const metadata = metadataOf(namespace)
  const patience = plan.connectTimeout ?? Math.max(1_000, callBudget)
  const connectionOptions = { connectTimeout: patience }
  const surroundings = {
    engine,
    namespace,
    options,
    metadata,
    patience,
    effects: effectsOn(engine, namespace, () => remote.returnLeases()),
  }
  const { supervisor, frames, deliver, close } =
    plan.cluster === undefined ? assembleNode(surroundings) : assembleCluster(surroundings, plan.cluster)
  const remote: RedisTier = new RedisTier({
    clock,
    random,
    link,
    supervisor,
    frames,
    deliver,
    close,
    callBudget,
    leaseTime,
    wakeChannel: metadata.wake,
    retryReads: plan.retryOnTimeout,
  })
  return {
    remote,
    handle: {
      kind: plan.cluster === undefined ? 'single' : 'cluster',
      duplicate: (overrides) => plan.makeClient({ ...connectionOptions, ...overrides }),
    },
    connection: () => supervisor.state,
    ready: async () => {
      const open = await supervisor.untilFirstOpen(patience * 2)
      if (!open && required) throw supervisor.cause ?? new RedisUnavailable('deadline')
    },
  }
}

/** One node, which a Sentinel may name: it has the metadata and every frame. */
function assembleNode(surroundings: Surroundings): Assembly {
  const { engine, options, metadata, patience, namespace } = surroundings
  const { plan, leaseTime } = options
  const deliver: Deliver = async (session, targets, deadline) => ({
    reading: await session.bump(targets, deadline),
    left: [],
    cause: undefined,
  })
  const supervisor = new Supervisor({
    ...supervisionOf(surroundings),
    deliver,
    holdsKeys: false,
    session: {
      ...sessionOf(surroundings),
      makeClient: (role) =>
        plan.makeClient({ connectTimeout: patience, connectionName: `granary:${namespace}:${role}` }),
      bulk: (plan.maxConnections ?? 3) >= 3,
    },
  })
  const frames = new NodeFrames({ clock: engine.clock, supervisor, leaseTime, clockKey: metadata.clock })
  return { supervisor, frames, deliver, close: () => supervisor.close() }
}

function effectsOn(engine: Engine, namespace: string, returnLeases: () => void): SupervisorEffects {
  const { telemetry, flights, settings } = engine
  const advise = adviseOnce(engine)
  return {
    forget: (targets) => {
      applyLocally(engine, targets)
      if (telemetry.wants('invalidation-received'))
        telemetry.emit({ type: 'invalidation-received', targets: summaryOf(targets) })
    },
    pushed: (keys) => takePushed(engine, namespace, keys),
    untracked: (isUntracked) => suspect(engine, namespace, isUntracked),
    empty: (when) => {
      if (when === 'entering' || settings.serveL1For === 0) emptyMemory(engine)
    },
    wake: (key, news) => flights.wake(key, news),
    lost: (cause) => telemetry.emit({ type: 'redis-lost', reason: cause.reason, cause: cause.cause ?? cause }),
    awaited: (cause, since) =>
      telemetry.emit({ type: 'redis-awaited', reason: cause.reason, since, cause: cause.cause ?? cause }),
    opened: (session) => {
      returnLeases()
      advise(session)
    },
    recovered: (downFor, replayed) => telemetry.emit({ type: 'redis-recovered', downFor, replayed }),
  }
}

/** Looks once how the server bounds its memory. One that does not say is not asked again. */
function adviseOnce({ telemetry, clock }: Engine): SupervisorEffects['opened'] {
  let asked = false
  return (session) => {
    if (asked) return
    asked = true
    session.data.call('INFO', ['memory'], clock.now() + ADVICE_PATIENCE).then(
      (info) => {
        const advice = memoryAdvice(String(info))
        if (advice !== undefined) telemetry.emit({ type: 'advice-given', advice })
      },
      () => {},
    )
  }
}

/** Nobody waits for advice, and a slow server is not to be held against it. */
const ADVICE_PATIENCE = 10_000
