import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  amendBucket,
  type BucketRule,
  type BucketState,
  chargeBucket,
  FULL_BUCKET,
  judgeBucket,
} from '../../src/rule/token-bucket.ts'
import { START } from '../support/arbitraries.ts'

const rules = fc
  .record({
    interval: fc.constantFrom(0.125, 333.375, 1_000, 142_857.25, 1_000_000),
    burst: fc.integer({ min: 1, max: 30 }),
  })
  .map((rule): BucketRule => ({ kind: 'bucket', ...rule }))

const calls = fc.array(
  fc.record({ wait: fc.oneof(fc.nat(2_000), fc.nat(3_000_000)), cost: fc.integer({ min: 1, max: 8 }) }),
  { maxLength: 200 },
)

function timed(steps: readonly { wait: number; cost: number }[]) {
  let at = START
  return steps.map(({ wait, cost }) => {
    at += wait
    return { at, cost }
  })
}

describe('a token bucket', () => {
  test('admits at most its burst, and what came back, in any interval', () => {
    fc.assert(
      fc.property(rules, calls, (rule, steps) => {
        let state = FULL_BUCKET
        const admitted = timed(steps).filter(({ at, cost }) => {
          const { ok } = judgeBucket(rule, state, at, cost)
          if (ok) state = chargeBucket(rule, state, at, cost)
          return ok
        })
        for (const [first, { at: start }] of admitted.entries()) {
          let units = 0
          for (const { at, cost } of admitted.slice(first)) {
            units += cost
            expect(units).toBeLessThanOrEqual(rule.burst + (at - start) / rule.interval + 1e-9)
          }
        }
      }),
    )
  })

  test('gives its whole burst at once, and the next unit exactly one interval later', () => {
    fc.assert(
      fc.property(rules, (rule) => {
        let state = FULL_BUCKET
        for (let taken = 0; taken < rule.burst; taken++) {
          expect(judgeBucket(rule, state, START, 1)).toMatchObject({ ok: true, remaining: rule.burst - taken })
          state = chargeBucket(rule, state, START, 1)
        }
        const { ok, retry } = judgeBucket(rule, state, START, 1)
        expect({ ok, retry }).toEqual({ ok: false, retry: Math.ceil(rule.interval) })
        expect(judgeBucket(rule, state, START + retry, 1).ok).toBe(true)
      }),
    )
  })

  test('cannot be filled by reserving and cancelling: it never holds more than if the reservation had been of the true cost', () => {
    fc.assert(
      fc.property(rules, calls, fc.nat(30), fc.nat(30), (rule, steps, reserved, actual) => {
        const madeAt = START
        let kept = chargeBucket(rule, FULL_BUCKET, madeAt, reserved)
        let ideal = chargeBucket(rule, FULL_BUCKET, madeAt, actual)
        let now = madeAt
        for (const { at, cost } of timed(steps)) {
          now = at
          if (!judgeBucket(rule, kept, at, cost).ok) continue
          kept = chargeBucket(rule, kept, at, cost)
          ideal = chargeBucket(rule, ideal, at, cost)
        }
        const settled = amendBucket(rule, kept, now, { madeAt, delta: actual - reserved })
        expect(fullAt(settled, now)).toBeGreaterThanOrEqual(fullAt(ideal, now))
      }),
    )
  })

  test('gives back all of a reservation that is cancelled at once', () => {
    const rule: BucketRule = { kind: 'bucket', interval: 1_000, burst: 10 }
    const state = chargeBucket(rule, FULL_BUCKET, START, 10)
    expect(judgeBucket(rule, amendBucket(rule, state, START, { madeAt: START, delta: -10 }), START, 10).ok).toBe(true)
  })
})

function fullAt({ tat }: BucketState, now: number): number {
  return Math.max(tat, now)
}
