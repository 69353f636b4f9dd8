import type { Clock } from '../../clock.ts'

/** A command that is on its way. */
export interface Unanswered {
  /** Monotonic milliseconds. */
  readonly sentAt: number
  /** Whether it was still unanswered when its server could have answered long ago. */
  isSlow: boolean
}

/** How much later than its limit a command may be found slow, as a share of the limit: looking is not for nothing. */
const GRAIN = 0.125

const NOTHING = () => {}

/**
 * Finds out which commands a server is slow to answer, on one timer for all.
 *
 * The time between sending and handling a reply would not tell: a process that was busy, or that the machine did not let run,
 * would blame the server for its own pause and leave it again and again. So it is looked after the limit who is unanswered, and
 * only after the sockets have been read once more: a reply that has been waiting there was not slow.
 */
export class Slowness {
  readonly #clock: Clock
  readonly #limit: number
  readonly #unanswered: () => Iterable<Unanswered>
  #isWatching = false
  #cancel: () => void = NOTHING

  /** `unanswered` tells the commands on their way, in the order in which they were sent. */
  constructor(clock: Clock, limit: number, unanswered: () => Iterable<Unanswered>) {
    this.#clock = clock
    this.#limit = limit
    this.#unanswered = unanswered
  }

  /** A command has been sent. */
  watch(): void {
    if (!this.#isWatching) this.#lookIn(this.#limit)
  }

  /** Gives up the timer. */
  stop(): void {
    this.#isWatching = false
    this.#cancel()
  }

  #lookIn(delay: number): void {
    this.#isWatching = true
    this.#cancel = this.#clock.schedule(delay, () => {
      const limit = this.#clock.now() - this.#limit
      this.#cancel = this.#clock.schedule(1, () => this.#look(limit))
    })
  }

  /** Finds slow what was sent before `limit` and is unanswered now. */
  #look(limit: number): void {
    this.#isWatching = false
    for (const command of this.#unanswered()) {
      if (command.sentAt > limit) {
        const left = command.sentAt + this.#limit - this.#clock.now()
        this.#lookIn(Math.max(left, this.#limit * GRAIN))
        return
      }
      command.isSlow = true
    }
  }
}
