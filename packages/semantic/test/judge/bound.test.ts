import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBelow, upperBound } from '../../src/judge/statistics/bound.ts'
import { lowestThreshold } from '../../src/judge/threshold.ts'

test('without an error the bound is the rate under which that many right answers in a row would be a surprise', () => {
  expect(upperBound(0, 150, 0.95)).toBeCloseTo(1 - 0.05 ** (1 / 150), 6)
  expect(upperBound(0, 0, 0.95)).toBe(1)
})

test('the true rate is above the bound in at most one of twenty samples, whatever it is', () => {
  let state = 7
  const chance = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
  for (const rate of [0.01, 0.05, 0.2]) {
    for (const count of [30, 300]) {
      let exceeded = 0
      for (let sample = 0; sample < 2_000; sample++) {
        let wrong = 0
        for (let at = 0; at < count; at++) if (chance() < rate) wrong += 1
        if (rate > upperBound(wrong / count, count, 0.95)) exceeded += 1
      }
      expect(exceeded / 2_000).toBeLessThan(0.05)
    }
  }
})

test('isBelow agrees with the bound, and more labels or fewer errors never raise it', () => {
  const share = fc.double({ min: 0, max: 0.5, noNaN: true })
  fc.assert(
    fc.property(
      share,
      fc.integer({ min: 1, max: 5_000 }),
      fc.double({ min: 0.01, max: 0.9, noNaN: true }),
      (seen, count, limit) => {
        const bound = upperBound(seen, count, 0.95)
        if (Math.abs(bound - limit) > 1e-9) expect(isBelow(limit, seen, count, 0.95)).toBe(bound < limit)
        expect(upperBound(seen, count * 2, 0.95)).toBeLessThanOrEqual(bound + 1e-9)
        expect(upperBound(seen / 2, count, 0.95)).toBeLessThanOrEqual(bound + 1e-9)
      },
    ),
  )
})

const label = (score: number, correct: boolean, weight = 1) => ({ score, correct, weight })
const LIMITS = { limit: 0.1, confidence: 0.95, most: 0.1 }

test('the threshold is the lowest score that keeps to the bound, and there is none without enough labels', () => {
  const right = Array.from({ length: 60 }, (_, at) => label(0.9 + at / 1_000, true))
  const mixed = Array.from({ length: 60 }, (_, at) => label(0.5 + at / 1_000, at % 2 === 0))
  const found = lowestThreshold([...mixed, ...right], LIMITS)
  expect(found?.score).toBeGreaterThan(0.55)
  expect(found?.score).toBeLessThanOrEqual(0.9)
  expect(found?.bound).toBeLessThanOrEqual(0.1)
  expect(lowestThreshold(right.slice(0, 20), LIMITS)).toBeUndefined()
  expect(lowestThreshold([], LIMITS)).toBeUndefined()
})

test('labels of a sample count for those that were not sampled, and are no more certain for it', () => {
  const few = Array.from({ length: 20 }, (_, at) => label(0.9 + at / 1_000, true, 100))
  expect(lowestThreshold(few, LIMITS)).toBeUndefined()
  const right = Array.from({ length: 100 }, (_, at) => label(0.9, true, at % 10 === 0 ? 1 : 1))
  const wrong = Array.from({ length: 5 }, () => label(0.9, false, 10))
  expect(lowestThreshold([...right, ...wrong], LIMITS)).toBeUndefined()
})

test('entries of one score are served together or not at all', () => {
  const same = Array.from({ length: 100 }, (_, at) => label(0.7, at % 3 !== 0))
  expect(lowestThreshold(same, LIMITS)).toBeUndefined()
})
