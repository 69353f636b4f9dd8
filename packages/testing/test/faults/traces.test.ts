import fc from 'fast-check'
import { expect, test } from 'vitest'
import { InjectedFault } from '../../src/faults/injected-fault.ts'
import { Traces } from '../../src/faults/traces.ts'
import type { FaultPlan } from '../../src/index.ts'
import { realClock } from '../../src/time/real-clock.ts'

const faultOf = (plan: FaultPlan, seed = 1) =>
  new InjectedFault(plan, seed, { clock: realClock, changed: () => Promise.resolve() })

const delays = (faultSeed: number, laneSeed: number) => {
  const traces = new Traces(laneSeed)
  const fault = faultOf({ kind: 'delay', ms: 50, jitter: 20 }, faultSeed)
  return Array.from({ length: 20 }, () => traces.delay(fault))
}

test('jitter stays within its bounds, differs between messages, lanes and faults, and repeats with its seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), fc.nat(100), (fault, lane) => {
      const drawn = delays(fault, lane)
      expect(drawn.every((delay) => delay >= 30 && delay <= 70)).toBe(true)
      expect(new Set(drawn).size).toBe(20)
      expect(delays(fault, lane)).toEqual(drawn)
      expect(delays(fault + 1, lane)).not.toEqual(drawn)
      expect(delays(fault, lane + 1)).not.toEqual(drawn)
    }),
  )
})

test('a delay is never negative, and without jitter it is exact', () => {
  const traces = new Traces(1)
  const wide = faultOf({ kind: 'delay', ms: 1, jitter: 1_000 })
  expect(Array.from({ length: 50 }, () => traces.delay(wide)).every((delay) => delay >= 0)).toBe(true)
  expect(traces.delay(faultOf({ kind: 'delay', ms: 7 }))).toBe(7)
})

test('of several cuts the first one falls, wherever the messages end', () => {
  fc.assert(
    fc.property(
      fc.nat(40),
      fc.nat(40),
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 12 }),
      (one, other, lengths) => {
        const traces = new Traces(1)
        const faults = [one, other].map((afterBytes) => faultOf({ kind: 'cut', afterBytes }))
        let passed = 0
        for (const length of lengths) {
          const cut = traces.cut(length, faults)
          passed += cut?.allowance ?? length
          if (cut !== undefined) break
        }
        const total = lengths.reduce((sum, length) => sum + length, 0)
        expect(passed).toBe(Math.min(one, other, total))
      },
    ),
  )
})
