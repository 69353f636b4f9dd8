import type { Clock } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { Deliver } from '../supervision.ts'
import type { ClusterFrames } from './cluster-frames.ts'
import type { Redelivery } from './redelivery.ts'

/**
 * Invalidates in a cluster: first the frames go, each at its master, and then the bus is told. In this order, because a memory
 * that is emptied before the frame is gone may be filled from it again, and no message would come after that.
 *
 * A master that does not answer gets half of the time at most, and costs the others nothing: the bus is told all the same,
 * and the keys that are left are sent once more, frames and bus, when their master is back.
 */
export function deliverBySlot(clock: Clock, frames: () => ClusterFrames, redelivery: () => Redelivery): Deliver {
  return async (session, targets, deadline) => {
    const now = clock.now()
    const left = targets.keys.length === 0 ? [] : await frames().drop(targets.keys, now + (deadline - now) / 2)
    const reading = await session.bump(targets, deadline, false)
    if (left.length > 0) redelivery().soon()
    return { reading, left, cause: left.length === 0 ? undefined : new RedisUnavailable('deadline') }
  }
}
