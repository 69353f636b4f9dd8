import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
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
