import type { Clock } from '@granary/core'
import type { Skew } from '../../simulation/process-clock.ts'
import { sharedNow } from './shared-time.ts'

const systemWall = Date.now

/** The clock of a process whose clocks are wrong: it starts anywhere, runs a little fast or slow, and tells another date. */
export class SkewedClock implements Clock {
  readonly #skew: Skew
  readonly #began = sharedNow()

  constructor(skew: Skew) {
    this.#skew = skew
  }

  now(): number {
    return this.#skew.zero + (sharedNow() - this.#began) * this.#skew.rate
  }

  wall(): number {
    return systemWall() + this.#skew.wall
  }

  schedule(delay: number, run: () => void): () => void {
    const timer = setTimeout(run, Math.max(delay, 0) / this.#skew.rate)
    timer.unref()
    return () => clearTimeout(timer)
  }
}

/** Makes `Date.now` wrong for everything in this process: libraries that go by the date see it too. */
export function skewDate({ wall }: Skew): void {
  Date.now = () => systemWall() + wall
}
