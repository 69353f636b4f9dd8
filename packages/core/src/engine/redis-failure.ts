import { RedisUnavailable } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { Operation } from './operation.ts'

/** A command failed that a call needed: counted by name and by cause, and told. Its caller does not see it. */
export function noteRedisFailure({ engine, state }: Operation, error: RedisUnavailable): void {
  state.counters.errors += 1
  countFailure(engine, error)
}

/**
 * The same for what belongs to no name. While the gate is shut no command is sent: `redis-lost` has told why. What was on its way
 * when the cache was closed has not failed.
 */
export function countFailure({ failures, telemetry, settings }: Engine, error: unknown): void {
  const { reason, cause } = error instanceof RedisUnavailable ? error : new RedisUnavailable('error', error)
  if (reason === 'shut' || settings.closed) return
  failures.set(reason, (failures.get(reason) ?? 0) + 1)
  if (telemetry.wants('redis-failed')) telemetry.emit({ type: 'redis-failed', reason, cause })
}
