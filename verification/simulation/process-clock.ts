import type { Clock } from '@granary/core'
import type { Timeline } from './timeline.ts'

/** How the clock of a process differs from true time. */
export interface Skew {
  /** Monotonic reading at the beginning, in milliseconds. */
  readonly zero: number
  /** Milliseconds of the process per true millisecond. */
  readonly rate: number
  /** Error of the wall clock, in milliseconds. */
  readonly wall: number
}

/**
 * The clock of one simulated process. While the process is paused its time goes on and its timers do not run; they are all
 * due at once when it continues, and see the time of that moment. That is what SIGSTOP and SIGCONT do, and what a clock that
 * is advanced by hand cannot show.
 */
export class ProcessClock implements Clock {
  readonly #timeline: Timeline
  readonly #skew: Skew
  /** True time until which the process is paused. */
  pausedUntil = 0
  /** Whether timers come before sockets when the process continues. */
  timersFirst = true
  /** Whether the process runs only now and then, for an instant. */
  isBusy = false
  /** A crashed process has no timers any more. */
  dead = false
  /** Timers that were due while the process was paused. */
  overdue = 0
  /** True milliseconds for which the machine was suspended: its monotonic clock stood still, and its wall clock did not. */
  #suspended = 0

  constructor(timeline: Timeline, skew: Skew) {
    this.#timeline = timeline
    this.#skew = skew
  }

  now(): number {
    return this.#skew.zero + (this.#timeline.now - this.#suspended) * this.#skew.rate
  }

  /** The machine is suspended: nothing of the process runs for a while, and it will not have been any time. */
  suspend(time: number): void {
    this.pausedUntil = Math.max(this.pausedUntil, this.#timeline.now + time)
    this.#suspended += time
  }

  /** Whether nothing of the process runs now. */
  get isPaused(): boolean {
    return this.#timeline.now < this.pausedUntil
  }

  wall(): number {
    return EPOCH + this.#skew.wall + this.#timeline.now * this.#skew.rate
  }

  schedule(delay: number, run: () => void): () => void {
    const due = this.#timeline.now - this.#suspended + Math.max(delay, 0) / this.#skew.rate
    let timer = this.#timeline.at(due + this.#suspended, fire)
    const clock = this

    function fire(): boolean {
      if (clock.dead) return false
      if (clock.#timeline.now < clock.pausedUntil) {
        clock.overdue += 1
        timer = clock.#timeline.at(clock.pausedUntil, fire, clock.timersFirst ? 2 : 8)
        return false
      }
      if (clock.#timeline.now - clock.#suspended < due - NEGLIGIBLE) {
        timer = clock.#timeline.at(due + clock.#suspended, fire)
        return false
      }
      run()
      return true
    }
    return () => {
      timer.cancelled = true
    }
  }
}

/** Sums of the same numbers in another order differ by less, in milliseconds. */
const NEGLIGIBLE = 1e-6

/** Unix milliseconds at the beginning of every schedule. */
export const EPOCH = Date.UTC(2026, 0, 1)
