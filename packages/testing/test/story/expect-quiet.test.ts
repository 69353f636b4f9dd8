import { expect, test } from 'vitest'
import { expectQuiet, InvalidTestOption, ManualClock, TestingError } from '../../src/index.ts'

const work = { flights: 0, timers: 0, background: 0, waiters: 0, leases: 0 }
const cache = (open: Partial<typeof work> = {}) => ({ inspect: () => ({ ...work, ...open }) })

test('nothing open is quiet', () => {
  expectQuiet(cache(), new ManualClock())
})

test('whatever is open is listed, over all subjects', () => {
  const clock = new ManualClock()
  clock.schedule(10, () => {})
  const assertion = () => expectQuiet(cache({ flights: 2, leases: 1 }), clock)
  expect(assertion).toThrow(TestingError)
  expect(assertion).toThrow('Still open: 2 flights, 1 leases, 1 timers.')
})

test('a count below zero is not quiet either', () => {
  expect(() => expectQuiet(cache({ waiters: -1 }))).toThrow('Still open: -1 waiters.')
})

test('what cannot be inspected does not pass for quiet', () => {
  expect(() => expectQuiet()).toThrow(InvalidTestOption)
  expect(() => expectQuiet({ inspect: () => ({}) })).toThrow(InvalidTestOption)
  expect(() => expectQuiet({ inspect: () => ({ flights: '0' }) })).toThrow(InvalidTestOption)
})
