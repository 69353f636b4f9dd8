/**
 * Times calls against a deadline. Time in which the machine kept this process from running at all is measured beside them and
 * given back: the claim is about the limiter, not about what else the machine has to do.
 */
export class Stopwatch {
  #worst = 0
  #stalled = 0
  #last = performance.now()
  readonly #timer = setInterval(() => this.#tick(), 1)

  /** Runs and times one call. */
  async time<T>(call: () => Promise<T>): Promise<T> {
    this.#tick()
    const from = this.#last
    const stalled = this.#stalled
    try {
      return await call()
    } finally {
      this.#tick()
      this.#worst = Math.max(this.#worst, this.#last - from - (this.#stalled - stalled))
    }
  }

  /** Milliseconds of the slowest call, without stalls. */
  stop(): number {
    clearInterval(this.#timer)
    return this.#worst
  }

  /** A timer of 1 ms that comes more than 3 ms late was kept waiting. */
  #tick(): void {
    const now = performance.now()
    const gap = now - this.#last
    if (gap > 4) this.#stalled += gap - 1
    this.#last = now
  }
}
