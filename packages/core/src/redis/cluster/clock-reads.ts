import type { Clock } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { MarkedReading } from '../../invalidation/clock-reading.ts'
import { incarnationMark } from '../../invalidation/incarnation.ts'
import { parseClock } from '../clock-key.ts'
import { Gather } from '../gather.ts'
import type { Session } from '../session.ts'

/** The namespace's clock, and when it was asked for. */
export interface ClockRead {
  readonly clock: MarkedReading | undefined
  /** Monotonic milliseconds. */
  readonly sentAt: number
}

/**
 * Reads the clock for reads of frames that live elsewhere: all of one tick share one GET at the clock's master, sent in that
 * same tick. It is sent after each of those reads began, so it knows of every invalidation that was answered before them.
 */
export class ClockReads {
  readonly #gather: Gather<undefined, ClockRead>
  #incarnation = Number.NaN
  #marked: Uint8Array = new Uint8Array(8)

  constructor(clock: Clock, current: () => Session | undefined) {
    this.#gather = new Gather(clock, async (requests, deadline) => {
      const session = current()
      if (session === undefined) throw new RedisUnavailable('shut')
      const sentAt = clock.now()
      const read = { clock: this.#mark(await session.readClock(deadline)), sentAt }
      return requests.map(() => read)
    })
  }

  next(deadline: number): Promise<ClockRead> {
    return this.#gather.add(undefined, deadline)
  }

  #mark(raw: unknown): MarkedReading | undefined {
    const reading = parseClock(raw)
    if (reading === undefined) return undefined
    if (reading.incarnation !== this.#incarnation) {
      this.#incarnation = reading.incarnation
      this.#marked = incarnationMark(reading.incarnation)
    }
    return { ...reading, mark: this.#marked }
  }
}
