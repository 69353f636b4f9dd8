import type { Clock } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { MarkedReading } from '../../invalidation/clock-reading.ts'
import { ClockReader } from '../clock-key.ts'
import { Gather } from '../gather.ts'
import type { Session } from '../session.ts'

/** The namespace's clock, and when it was asked for. */
export interface ClockRead {
  readonly clock: MarkedReading | undefined
  /** Monotonic milliseconds. */
  readonly sentAt: number
  readonly receivedAt: number
}

/**
 * Reads the clock for reads of frames that live elsewhere: all of one tick share one GET at the clock's master, sent in that
 * same tick. It is sent after each of those reads began, so it knows of every invalidation that was answered before them.
 */
export class ClockReads {
  readonly #gather: Gather<undefined, ClockRead>

  constructor(clock: Clock, current: () => Session | undefined) {
    const reader = new ClockReader()
    const read = async (deadline: number): Promise<ClockRead> => {
      const session = current()
      if (session === undefined) throw new RedisUnavailable('shut')
      const sentAt = clock.now()
      const raw = await session.readClock(deadline)
      return { clock: reader.read(raw), sentAt, receivedAt: clock.now() }
    }
    this.#gather = new Gather(clock, (requests, deadline, { resolve, reject }) => {
      read(deadline).then((answer) => resolve(requests.map(() => answer)), reject)
    })
  }

  next(deadline: number): Promise<ClockRead> {
    return this.#gather.ask(undefined, deadline)
  }
}
