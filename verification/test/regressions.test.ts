import { createCache } from '@granary/core'
import { expect, test } from 'vitest'
import type { Action, Schedule } from '../torture/schedule/schedule.ts'
import { runSchedule } from '../torture/simulated/run.ts'

/** Schedules that once broke a promise, as small as they got. The seed decides how long each message takes. */
function schedule(seed: number, steps: readonly (readonly [at: number, action: Action])[]): Schedule {
  const clock = { zero: 1_000, rate: 1, wall: 0 }
  return { seed, mode: 'bus', processes: [clock, clock, clock], steps: steps.map(([at, action]) => ({ at, action })) }
}

const entry = { process: 1, name: 'owned', row: 3 } as const

test.each([1, 2, 3, 4, 5, 11_568])(
  'a set that is executed after its connection broke does not replace the value of a later set (seed %i)',
  async (seed) => {
    const { violations, reads } = await runSchedule(
      schedule(seed, [
        [450, { ...entry, kind: 'set' }],
        [450.2, { ...entry, kind: 'set' }],
        [451, { kind: 'cut', process: 1, role: 'data', late: 48 }],
        [570, { ...entry, kind: 'get' }],
      ]),
      createCache,
    )
    expect(violations).toEqual([])
    expect(reads).toBeGreaterThan(0)
  },
)

test('a process that is killed while it is paused does nothing any more', async () => {
  const { violations } = await runSchedule(
    schedule(24_235, [
      [197.7, { kind: 'write', process: 2, name: 'row', row: 0, reach: 'name', gap: 0 }],
      [198.2, { kind: 'pause', process: 2, for: 644, timersFirst: true }],
      [200.4, { kind: 'restart', data: 'empty', down: 30 }],
      [407.2, { kind: 'crash', process: 2 }],
    ]),
    createCache,
  )
  expect(violations).toEqual([])
})
