import { BriefMap } from '../../brief-map.ts'
import type { Clock } from '../../clock.ts'

/** A timer that runs this much too late, in milliseconds, says that the process was busy. */
const LATE = 5

/** Timers may come a little before their time, in milliseconds. */
const EARLY = 1

/** Something that must be answered by an instant, in monotonic milliseconds. */
export interface Awaited {
  readonly deadline: number
  /** Called once the deadline has passed, unless it was removed before. */
  readonly expire: () => void
}

const NOTHING = () => {}

/**
 * The deadlines of one connection on one timer: commands come and go a hundred thousand times a second, and hardly any of
 * them is ever late. The timer is set for the earliest deadline, and left alone when that one is met.
 *
 * When the process was too busy to be in time, timers run before sockets are read: the reply may have been waiting all along,
 * and the process would blame Redis for its own pause. So it is read first, and only then is the deadline missed.
 */
export class Deadlines<T extends Awaited = Awaited> {
  readonly #clock: Clock
  readonly #awaited = new BriefMap<T, T>()
  #dueAt = Number.POSITIVE_INFINITY
  #cancel: () => void = NOTHING

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What is awaited, in the order in which it began. */
  get awaited(): Iterable<T> {
    return this.#awaited.values()
  }

  /** Awaits something; `now` is the instant at which it begins. */
  add(awaited: T, now: number): void {
    this.#awaited.set(awaited, awaited)
    if (awaited.deadline < this.#dueAt) this.#set(awaited.deadline, awaited.deadline - now)
  }

  /** It was answered; false when it had expired already. */
  remove(awaited: T): boolean {
    return this.#awaited.delete(awaited)
  }

  /** Gives up everything, and the timer. */
  clear(): readonly T[] {
    this.#cancel()
    this.#dueAt = Number.POSITIVE_INFINITY
    const left = [...this.#awaited.values()]
    this.#awaited.clear()
    return left
  }

  #set(dueAt: number, delay: number): void {
    this.#cancel()
    this.#dueAt = dueAt
    this.#cancel = this.#clock.schedule(delay, () => {
      const now = this.#clock.now()
      if (now - dueAt < LATE) this.#expire(now)
      else this.#cancel = this.#clock.schedule(1, () => this.#expire(now))
    })
  }

  /** Ends what was late at `now`: the sockets have not been read since what is late only by this time. */
  #expire(now: number): void {
    this.#dueAt = Number.POSITIVE_INFINITY
    const late: T[] = []
    let next = Number.POSITIVE_INFINITY
    for (const awaited of this.#awaited.values()) {
      if (awaited.deadline <= now + EARLY) late.push(awaited)
      else if (awaited.deadline < next) next = awaited.deadline
    }
    if (next < Number.POSITIVE_INFINITY) this.#set(next, next - this.#clock.now())
    for (const awaited of late) if (this.#awaited.delete(awaited)) awaited.expire()
  }
}
