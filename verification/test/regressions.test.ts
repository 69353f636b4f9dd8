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

test('batches that share keys in an outage do not wait for each other for ever', async () => {
  const strict = { process: 1, name: 'strict' } as const
  const load = (before: number, after: number) => ({ before, after, fails: false })
  const { violations, reads } = await runSchedule(
    {
      ...schedule(17_584, [
        [949.8, { ...strict, kind: 'read', row: 0, load: load(247.3, 124.8) }],
        [962.1, { kind: 'delay', process: 1, role: 'data', direction: 'down', for: 34.8, delay: 14.8 }],
        [962.2, { ...strict, kind: 'batch', rows: [0, 1, 2], load: load(7.7, 0.2) }],
        [963.5, { ...strict, kind: 'put', row: 0, load: load(0.4, 1.3) }],
        [963.5, { ...strict, kind: 'batch', rows: [0, 1, 2], load: load(3.4, 246.5) }],
        [967.4, { kind: 'restart', data: 'old', down: 32.2 }],
      ]),
      mode: 'tracking',
    },
    createCache,
  )
  expect(violations).toEqual([])
  expect(reads).toBeGreaterThan(0)
})
