import { type Clock, systemClock } from '@granary/core'

/** The system's clock that knows how many timers wait: those of a cache keep no process alive, so Node does not list them. */
export class CountingClock implements Clock {
  #pending = 0

  /** Timers scheduled, and neither run nor cancelled. */
  get pending(): number {
    return this.#pending
  }

  now(): number {
    return systemClock.now()
  }

  wall(): number {
    return systemClock.wall()
  }

  schedule(delay: number, run: () => void): () => void {
    let isPending = true
    this.#pending += 1
    const settle = () => {
      if (isPending) this.#pending -= 1
      isPending = false
    }
    const cancel = systemClock.schedule(delay, () => {
      settle()
      run()
    })
    return () => {
      settle()
      cancel()
    }
  }
}
