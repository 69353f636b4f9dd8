import { InvalidTestOption, TestingError } from '../errors.ts'
import { breath, turn } from './turn.ts'

/** What Granary calls a clock. {@link ManualClock} has this shape; so does the `Clock` of `@granary/core`. */
export interface ClockLike {
  /** Monotonic time in milliseconds. */
  now(): number
  /** Unix time in milliseconds. */
  wall(): number
  /** Calls `run` once after `delayMs` and returns a function that cancels it. */
  schedule(delayMs: number, run: () => void): () => void
}

/** Where a {@link ManualClock} starts. */
export interface ManualClockOptions {
  /** The first monotonic reading in milliseconds; default 0. */
  readonly now?: number
  /** The first wall reading in Unix milliseconds; default 2026-01-01T00:00:00Z. */
  readonly wall?: number
}

/** Bounds of {@link ManualClock.advanceUntilSettled}. */
export interface SettleOptions {
  /** How far the clock may be advanced, in milliseconds; default one hour. */
  readonly limit?: number
  /** For how many milliseconds of real time to wait when no timer is left: for a socket, a file, another thread; default 1000. */
  readonly patience?: number
}

interface Timer {
  readonly due: number
  readonly run: () => void
}

/** As many timers in one call that a zero-delay loop is the likelier explanation. */
const RUNAWAY = 100_000
const HOUR = 3_600_000

/**
 * A clock that stands still until a test moves it. Pass it wherever Granary takes a `clock`.
 *
 * ```ts
 * const clock = new ManualClock()
 * const cache = createCache({ clock })
 * await clock.advanceAsync(30_000) // every timer due in these 30 seconds has run, in order, and what it started has progressed
 * ```
 */
export class ManualClock implements ClockLike {
  #now: number
  #wallOffset: number
  /** Ordered by due time, then by scheduling order. */
  readonly #timers: Timer[] = []

  constructor(options: ManualClockOptions = {}) {
    const { now = 0, wall = Date.UTC(2026, 0, 1) } = options
    if (!Number.isFinite(now)) throw new InvalidTestOption('now', now, 'give finite milliseconds')
    if (!Number.isFinite(wall)) throw new InvalidTestOption('wall', wall, 'give finite Unix milliseconds')
    this.#now = now
    this.#wallOffset = wall - now
  }

  /** Monotonic milliseconds: only `advance` and its kin move it, and never backwards. */
  now(): number {
    return this.#now
  }

  /** Unix milliseconds: moves along with `now()`, and by {@link skewWall} alone. */
  wall(): number {
    return this.#now + this.#wallOffset
  }

  /** How many timers are waiting to run. */
  get pending(): number {
    return this.#timers.length
  }

  /** What {@link expectQuiet} asks. */
  inspect(): { readonly timers: number } {
    return { timers: this.pending }
  }

  /** The monotonic instant of the next timer, or undefined when none is waiting. */
  get nextDue(): number | undefined {
    return this.#timers[0]?.due
  }

  /** Calls `run` when the clock has been advanced by `delayMs` (negative counts as zero); the returned function cancels it. */
  schedule(delayMs: number, run: () => void): () => void {
    if (Number.isNaN(delayMs)) throw new InvalidTestOption('delayMs', delayMs, 'give milliseconds')
    const timer: Timer = { due: this.#now + Math.max(delayMs, 0), run }
    this.#timers.splice(this.#placeOf(timer.due), 0, timer)
    return () => {
      const index = this.#timers.indexOf(timer)
      if (index >= 0) this.#timers.splice(index, 1)
    }
  }

  /** Moves the wall clock alone by `ms`, forwards or backwards, as an operator or NTP would. */
  skewWall(ms: number): void {
    if (!Number.isFinite(ms)) throw new InvalidTestOption('ms', ms, 'give finite milliseconds')
    this.#wallOffset += ms
  }

  /**
   * Moves time by `ms` and runs every timer that falls due, in order, those scheduled on the way included. Each timer sees
   * `now()` at its own instant. Promise callbacks do not run in between: see {@link advanceAsync}.
   */
  advance(ms: number): void {
    const target = this.#targetOf(ms)
    for (let ran = 0; this.#runNext(target); ran++) refuseRunaway(ran, target)
    this.#now = Math.max(this.#now, target)
  }

  /**
   * Moves time by `ms` like {@link advance}, and lets asynchronous code progress before, between and after the timers, so
   * that a timer scheduled by a promise callback runs too if it falls due in time.
   */
  async advanceAsync(ms: number): Promise<void> {
    const target = this.#targetOf(ms)
    await this.settle()
    for (let ran = 0; this.#runNext(target); ran++) {
      refuseRunaway(ran, target)
      await this.settle()
    }
    this.#now = Math.max(this.#now, target)
    await this.settle()
  }

  /** Lets asynchronous code progress without moving time: runs all microtasks and `turns` turns of the event loop (default 1). */
  async settle(turns = 1): Promise<void> {
    if (!Number.isSafeInteger(turns) || turns < 1)
      throw new InvalidTestOption('turns', turns, 'give a whole number from 1')
    for (let left = turns; left > 0; left--) await turn()
  }

  /**
   * Advances from timer to timer until `promise` settles, and resolves or rejects as it does.
   *
   * @throws {@link TestingError} with code `CLOCK_STUCK` when it is still pending after `limit`, or when no timer is left
   */
  async advanceUntilSettled<T>(promise: Promise<T>, options: SettleOptions = {}): Promise<T> {
    const { limit = HOUR, patience = 1_000 } = options
    const target = this.#targetOf(limit)
    let settled = false
    const mark = () => {
      settled = true
    }
    promise.then(mark, mark)
    for (let progressed = performance.now(); ; ) {
      await this.settle()
      if (settled) return promise
      if (this.#runNext(target)) progressed = performance.now()
      else if (performance.now() - progressed > patience) throw stuck(this.pending, limit)
      else await breath()
    }
  }

  #runNext(target: number): boolean {
    const next = this.#timers[0]
    if (next === undefined || next.due > target) return false
    this.#timers.shift()
    this.#now = next.due
    next.run()
    return true
  }

  #targetOf(ms: number): number {
    if (!(ms >= 0) || ms === Number.POSITIVE_INFINITY) {
      throw new InvalidTestOption('ms', ms, 'give finite milliseconds from 0; monotonic time never goes back')
    }
    return this.#now + ms
  }

  /** After every timer due at the same instant, so that equal ones run in the order they were scheduled. */
  #placeOf(due: number): number {
    let low = 0
    let high = this.#timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#timers[middle] as Timer).due <= due) low = middle + 1
      else high = middle
    }
    return low
  }
}

function refuseRunaway(ran: number, target: number): void {
  if (ran < RUNAWAY) return
  throw new TestingError(
    'CLOCK_STUCK',
    `${RUNAWAY} timers ran before instant ${target}: does one schedule itself without a delay?`,
  )
}

function stuck(pending: number, limit: number): TestingError {
  const why =
    pending === 0
      ? 'no timer is scheduled that could settle it'
      : `its next timer is due after the limit of ${limit} ms`
  return new TestingError(
    'CLOCK_STUCK',
    `The promise is still pending and ${why}. Does it wait for something outside this clock?`,
  )
}
