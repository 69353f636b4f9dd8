import { type Clock, systemClock } from '@granary/core'

/**
 * A clock for suites with a real Redis that stands still until it is moved on; timers run in real time. What is said to hold
 * for a second then does, however long a busy machine takes, and nobody waits for a minute to pass.
 */
export class SteppedClock implements Clock {
  readonly #wall = systemClock.wall()
  #passed = 0

  now(): number {
    return this.#passed
  }

  wall(): number {
    return this.#wall + this.#passed
  }

  schedule(delay: number, run: () => void): () => void {
    return systemClock.schedule(delay, run)
  }

  /** Moves on by so many milliseconds at once. */
  jump(milliseconds: number): void {
    this.#passed += milliseconds
  }
}
