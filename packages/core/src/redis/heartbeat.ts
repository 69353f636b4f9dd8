import type { Clock } from '../clock.ts'
import { RedisUnavailable } from '../errors.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Link } from '../invalidation/link.ts'
import { parseClock } from './clock-key.ts'
import { timeIn } from './connection/answers.ts'
import type { ServerTime } from './connection/server-time.ts'
import type { Session } from './session.ts'

/** What a heartbeat needs beside its session. */
export interface HeartbeatOptions {
  readonly clock: Clock
  readonly link: Link
  readonly maxStaleness: number
  /** How long one may stay unanswered, in milliseconds. */
  readonly silence: number
  readonly time: ServerTime
  /** The metadata is gone, or of another incarnation. */
  readonly renewed: () => void
}

/** The server's time is asked for again when it was not heard for so long, in milliseconds: clocks drift. */
const TIME_EVERY = 20_000

/**
 * Reads the clock every third of `maxStaleness`, off every path, until the returned function is called. It needs no message
 * to arrive, so it finds lost ones, silent links, FLUSHALL and evicted metadata.
 *
 * Where memory is served under a lease it renews the lease.
 *
 * Under tracking everybody is asked who tells of writes by other programs: the answer comes after every push made before.
 */
export function startHeartbeat(session: Session, options: HeartbeatOptions): () => void {
  const { clock, link, maxStaleness, silence, time, renewed } = options
  let cancel = () => {}
  let stopped = false
  const beat = async () => {
    const sentAt = clock.now()
    try {
      const [reading] = await Promise.all([
        session.isMember ? session.join(sentAt + silence) : session.readClock(sentAt + silence).then(parseClock),
        session.confirm(sentAt + silence),
      ])
      const proof = await prove(options, reading, sentAt)
      if (stopped) return
      if (proof === 'silent')
        session.end(new RedisUnavailable('deadline', new Error('The invalidation bus is silent.')))
      if (proof === 'renewed') renewed()
      if (time.age(sentAt) > TIME_EVERY) await askTime(session, options)
    } catch {
      // The connection counts its failures and ends the session when they are enough.
    }
    if (!stopped) cancel = clock.schedule(maxStaleness / 3, beat)
  }
  if (link.isOpen) void beat()
  return () => {
    stopped = true
    cancel()
  }
}

async function askTime(session: Session, { clock, silence, time }: HeartbeatOptions): Promise<void> {
  const sentAt = clock.now()
  const serverTime = await session.data.call('TIME', [], sentAt + silence, { read: timeIn })
  time.learn(serverTime, sentAt, clock.now())
}

/** `silent`: the bus did not deliver what the clock counts; a subscriber like that is replaced. */
async function prove(
  { link, maxStaleness, clock }: HeartbeatOptions,
  reading: ClockReading | undefined,
  sentAt: number,
): Promise<'proven' | 'silent' | 'renewed'> {
  if (reading === undefined || reading.incarnation !== link.incarnation) return 'renewed'
  if (link.prove(reading, sentAt, 'heartbeat')) return 'proven'
  await link.untilDelivered(reading.sequence, Math.max(0, sentAt + maxStaleness - clock.now()))
  return link.prove(reading, sentAt, 'heartbeat') ? 'proven' : 'silent'
}
