import type { Clock } from '../clock.ts'
import type { Address, Targets } from '../engine/remote.ts'
import type { RedisFailure, RedisUnavailable } from '../errors.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Link } from '../invalidation/link.ts'
import type { OutboundQueue } from '../invalidation/outbound-queue.ts'
import type { Random } from '../random.ts'
import type { Session, SessionOptions } from './session.ts'

/** What the supervisor does to the rest of the cache. */
export interface SupervisorEffects {
  /** Somebody else invalidated. */
  readonly forget: (targets: Targets) => void
  /** Redis says that keys were written which this process has read; undefined: all of them. */
  readonly pushed: (keys: readonly string[] | undefined) => void
  /** Redis may not have told of writes to the keys that this names. */
  readonly untracked: (isUntracked: (key: string) => boolean) => void
  /** Nothing in memory is proven any more. */
  readonly empty: (reason: 'leaving' | 'entering') => void
  readonly wake: (key: string, news: 'stored' | 'failed') => void
  readonly lost: (cause: RedisUnavailable) => void
  /** Still not in use: for another minute, or for another reason. */
  readonly awaited: (cause: RedisUnavailable, since: number) => void
  /** The gate has opened on a session. */
  readonly opened: (session: Session) => void
  readonly recovered: (downFor: number, replayed: number) => void
}

/** What became of an invalidation that reached the namespace's clock. */
interface Delivery {
  readonly reading: ClockReading
  /** Keys whose frames may still be there: the master that holds them did not answer. They have to be sent again. */
  readonly left: readonly Address[]
  /** Why they are left. */
  readonly cause: RedisUnavailable | undefined
}

/** Invalidates in Redis: deletes frames wherever they live, and tells the bus. Rejects when the clock cannot be reached. */
export type Deliver = (session: Session, targets: Targets, deadline: number) => Promise<Delivery>

/** What the supervisor needs. */
export interface SupervisorOptions {
  readonly clock: Clock
  readonly random: Random
  readonly link: Link
  readonly queue: OutboundQueue
  readonly namespace: string
  readonly maxStaleness: number
  /** How long a heartbeat may stay unanswered, in milliseconds. */
  readonly silence: number
  readonly session: Omit<SessionOptions, 'onMessage'>
  readonly deliver: Deliver
  /** Whether keys that wait in the queue are not read: then the gate may open before the last of them has arrived. */
  readonly holdsKeys: boolean
  readonly effects: SupervisorEffects
}

/** Whether Redis is in use, and since when and why it is not. */
export interface ConnectionState {
  readonly state: 'connecting' | 'open' | 'away'
  readonly reason: RedisFailure | undefined
  /** Unix milliseconds. */
  readonly since: number | undefined
}
