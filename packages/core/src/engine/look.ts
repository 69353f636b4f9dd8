import { RedisUnavailable } from '../errors.ts'
import { type Landing, landingOf } from './landing.ts'
import { lookInMemory, lookInRedis } from './lookup.ts'
import type { Operation } from './operation.ts'
import { noteRedisFailure } from './redis-failure.ts'

/** What a tier holds and may be served, if anything. Loads nothing, and leaves memory as it is. */
export async function look(op: Operation): Promise<Landing | undefined> {
  const local = lookInMemory(op)
  if (local !== undefined && local.freshness !== 'kept') return landingOf(local.entry, 'l1', local.freshness)
  const { remote, fences, settings } = op.engine
  if (remote === undefined || !(remote.isOpen || (await remote.untilFirstOpen(settings.firstConnection))))
    return undefined
  const born = fences.events
  try {
    const find = await lookInRedis(op, born, remote.deadline())
    if (find.status !== 'found' || find.freshness === 'kept') return undefined
    return landingOf(find.entry, 'l2', find.freshness)
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error
    noteRedisFailure(op, error)
    return undefined
  }
}
