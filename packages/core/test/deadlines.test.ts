import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
import type { Clock } from '../src/clock.ts'
import { Deadlines } from '../src/redis/connection/deadlines.ts'

/** Deadlines by name, on a clock that stands still, and the names of those that passed. */
function stage() {
  const clock = new ManualClock({ now: 1_000 })
  const deadlines = new Deadlines(clock)
  const passed: string[] = []
  const add = (name: string, deadline: number) => {
    const awaited = { deadline, expire: () => passed.push(name) }
    deadlines.add(awaited, clock.now())
    return awaited
  }
  return { clock, deadlines, passed, add }
}

test('each deadline passes at its own time, in whatever order they were set', async () => {
  const { clock, passed, add } = stage()
  add('third', 1_300)
  add('first', 1_100)
  add('second', 1_200)
  await clock.advance(99)
  expect(passed).toEqual([])
  await clock.advance(1)
  expect(passed).toEqual(['first'])
  await clock.advance(100)
  expect(passed).toEqual(['first', 'second'])
  await clock.advance(100)
  expect(passed).toEqual(['first', 'second', 'third'])
})

test('what was answered does not pass, nor does what was given up', async () => {
  const { clock, deadlines, passed, add } = stage()
  const answered = add('answered', 1_100)
  add('late', 1_100)
  expect(deadlines.remove(answered)).toBe(true)
  await clock.advance(100)
  expect(passed).toEqual(['late'])
  expect(deadlines.remove(answered)).toBe(false)
  const left = add('left', 1_400)
  expect(deadlines.clear()).toEqual([left])
  await clock.advance(1_000)
  expect(passed).toEqual(['late'])
})

test('a thousand deadlines that are met share one timer', async () => {
  const { clock, deadlines, add } = stage()
  for (let at = 0; at < 1_000; at++) deadlines.remove(add('met', 1_250 + at / 1_000))
  expect(clock.inspect()).toEqual({ timers: 1 })
  await clock.advance(1_000)
  expect(clock.inspect()).toEqual({ timers: 0 })
})

/** A process that looks at its timers and then at its sockets once in a while only, as a busy one does. */
function busyProcess() {
  let now = 0
  let timers: { readonly due: number; readonly run: () => void }[] = []
  const clock: Clock = {
    now: () => now,
    wall: () => now,
    schedule: (delay, run) => {
      const timer = { due: now + Math.max(1, delay), run }
      timers.push(timer)
      return () => {
        timers = timers.filter((each) => each !== timer)
      }
    },
  }
  const turn = (at: number, readSockets: () => void = () => {}) => {
    now = at
    const due = timers.filter((timer) => timer.due <= at)
    timers = timers.filter((timer) => timer.due > at)
    for (const { run } of due) run()
    readSockets()
  }
  return { deadlines: new Deadlines(clock), turn }
}

test('a busy process reads its sockets once more before it misses a deadline, also one that was set while it was about to', () => {
  const { deadlines, turn } = busyProcess()
  const passed: string[] = []
  const ask = (name: string, now: number) => {
    const awaited = { deadline: now + 200, expire: () => passed.push(name) }
    deadlines.add(awaited, now)
    return awaited
  }
  const first = ask('first', 0)
  let second = first
  // The answer to the first had been waiting; the second is asked for at once, and the process is busy again.
  turn(220, () => {
    deadlines.remove(first)
    second = ask('second', 220)
  })
  turn(440, () => deadlines.remove(second))
  expect(passed).toEqual([])
  ask('never answered', 440)
  turn(660)
  turn(880)
  turn(1_100)
  expect(passed).toEqual(['never answered'])
})
