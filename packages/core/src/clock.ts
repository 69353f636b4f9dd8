/** A source of time and the only door to timers: everything in Granary that waits or measures takes one. */
export interface Clock {
  /** Monotonic time in milliseconds, with a fraction; its zero is arbitrary. */
  now(): number
  /** Unix time in milliseconds. Used for display only: no decision of the cache rests on it. */
  wall(): number
  /** Calls `run` once after `delay` milliseconds and returns a function that cancels it. Never keeps a process alive. */
  schedule(delay: number, run: () => void): () => void
}

/** Node clamps longer delays to one millisecond, which would turn a month into a busy loop. */
const LONGEST_TIMER = 2_147_483_647

/** The clock of this process. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule(delay, run) {
    const timer = setTimeout(run, Math.min(Math.max(delay, 0), LONGEST_TIMER))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** Resolves when `work` has settled, or after `longest` milliseconds of `clock`, whichever comes first. */
export function waitAtMost(clock: Clock, longest: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(longest, resolve)
    const done = () => {
      cancel()
      resolve()
    }
    work.then(done, done)
  })
}

/** Resolves when `clock` shows `instant`, at once when that has passed. */
export function waitUntil(clock: Clock, instant: number): Promise<void> {
  return new Promise((resolve) => {
    const left = instant - clock.now()
    if (left > 0) clock.schedule(left, resolve)
    else resolve()
  })
}
