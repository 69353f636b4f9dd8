import type { Clock } from './clock.ts'

/**
 * A clock on which a suspension of the machine is time that has passed.
 *
 * The monotonic clock of a suspended virtual machine stands still, while leases that this process holds elsewhere run out.
 * Where the wall clock has gone on by at least `threshold` milliseconds more than the monotonic one between two readings,
 * the difference is counted as passed. A wall clock that is put forward has the same effect, which costs misses; one that
 * is put back has none.
 */
export function countSuspensions(clock: Clock, threshold: number): Clock {
  let skipped = 0
  let lastNow = clock.now()
  let lastWall = clock.wall()
  return {
    now() {
      const now = clock.now()
      const wall = clock.wall()
      const ahead = wall - lastWall - (now - lastNow)
      if (ahead >= threshold) skipped += ahead
      lastNow = now
      lastWall = wall
      return now + skipped
    },
    wall: () => clock.wall(),
    schedule: (delay, run) => clock.schedule(delay, run),
  }
}
