import type { Engine } from '../engine/engine.ts'
import type { ResolvedRedisOptions } from '../options/resolve-cache-options.ts'
import type { Frames } from './frames.ts'
import type { Metadata } from './metadata.ts'
import type { SessionOptions } from './session.ts'
import type { Deliver, SupervisorEffects, SupervisorOptions } from './supervision.ts'
import type { Supervisor } from './supervisor.ts'

/** What a way to Redis is put together from. */
export interface Surroundings {
  readonly engine: Engine
  readonly namespace: string
  readonly options: ResolvedRedisOptions
  readonly metadata: Metadata
  /** Milliseconds to connect. */
  readonly patience: number
  readonly effects: SupervisorEffects
}

/** A way to Redis: who keeps the session with the clock's server, where frames are, and how invalidations get there. */
export interface Assembly {
  readonly supervisor: Supervisor
  readonly frames: Frames
  readonly deliver: Deliver
  readonly close: () => Promise<void>
}

/** What every supervisor is made with. */
export function supervisionOf({
  engine,
  namespace,
  options,
  effects,
}: Surroundings): Omit<SupervisorOptions, 'session' | 'deliver' | 'holdsKeys'> {
  const { clock, random, link, queue, settings } = engine
  return {
    clock,
    random,
    link,
    queue,
    namespace,
    maxStaleness: settings.maxStaleness,
    silence: Math.min(options.plan.socketTimeout ?? settings.maxStaleness, settings.maxStaleness),
    effects,
  }
}

/** What every session is made with. */
export function sessionOf({
  engine: { clock, random, settings },
  options: { callBudget },
  metadata,
  patience,
}: Surroundings): Pick<
  SessionOptions,
  'clock' | 'random' | 'metadata' | 'origin' | 'patience' | 'slow' | 'tracking' | 'membership'
> {
  const origin = Buffer.from(random.bytes(6)).toString('hex')
  const tracking = settings.coherence === 'tracking'
  const membership = settings.coherence === 'acknowledged' ? settings.maxStaleness : undefined
  return { clock, random, metadata, origin, patience, slow: callBudget / 2, tracking, membership }
}
