import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  amendWindow,
  chargeWindow,
  currentEntry,
  EMPTY_WINDOW,
  judgeWindow,
  rollWindow,
  type WindowRule,
} from '../../src/rule/rolling-window.ts'
import { START, windowRule } from '../support/arbitraries.ts'
import { ExactLog, peakOf, poisson } from '../support/streams.ts'

const SECOND = 1_000_000
const MINUTE = 60 * SECOND

function ruleOf(limit: number, slots = 16, length = MINUTE): WindowRule {
  return { kind: 'window', limit, length, slots, span: length / slots, tick: 1 }
}

/** Sends calls through a window and returns what it admitted. */
function admit(rule: WindowRule, calls: readonly { at: number; cost: number }[]) {
  let state = EMPTY_WINDOW
  return calls.filter(({ at, cost }) => {
    const { ok } = judgeWindow(rule, state, at, cost)
    if (ok) state = chargeWindow(rule, state, at, { units: cost, open: false })
    return ok
  })
}

const schedule = fc
  .array(
    fc.record({
      wait: fc.oneof(fc.nat(50_000), fc.nat(20 * SECOND), fc.nat(4_000 * SECOND)),
      cost: fc.integer({ min: 1, max: 8 }),
    }),
    {
      maxLength: 300,
    },
  )
  .map((steps) => {
    let at = START
    return steps.map(({ wait, cost }) => {
      at += wait
      return { at, cost }
    })
  })

describe('a rolling window', () => {
  test('never holds more than its limit in any interval of its length, whatever comes when (law 1)', () => {
    fc.assert(
      fc.property(windowRule, schedule, (rule, calls) => {
        expect(peakOf(admit(rule, calls), rule.length)).toBeLessThanOrEqual(rule.limit)
      }),
      { numRuns: 500 },
    )
  })

  test('is an exact log when every admission is kept apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), schedule, (limit, calls) => {
        const rule = { ...ruleOf(limit, Math.max(1, limit - 1)), span: 0 }
        const log = new ExactLog(limit, rule.length)
        expect(admit(rule, calls)).toEqual(calls.filter(({ at, cost }) => log.admits(at, cost)))
      }),
    )
  })

  test('admits a refused call after the time it named, and not a microsecond before', () => {
    fc.assert(
      fc.property(windowRule, schedule, fc.integer({ min: 1, max: 8 }), (rule, calls, cost) => {
        let state = EMPTY_WINDOW
        for (const call of calls)
          if (judgeWindow(rule, state, call.at, call.cost).ok)
            state = chargeWindow(rule, state, call.at, { units: call.cost, open: false })
        const now = calls.at(-1)?.at ?? START
        const { ok, retry } = judgeWindow(rule, state, now, cost)
        if (ok || cost > rule.limit) return
        expect(judgeWindow(rule, state, now + retry, cost).ok).toBe(true)
        expect(judgeWindow(rule, state, now + retry - 1, cost).ok).toBe(false)
      }),
      { numRuns: 500 },
    )
  })

  test('leaves with its last admission, although the times of older ones are kept rounded up', () => {
    const length = 30 * 24 * 60 * MINUTE
    const rule: WindowRule = { kind: 'window', limit: 8, length, slots: 7, span: 0, tick: 9_656 }
    const at = 9_656 * 20_141_508_900 + 1
    const one = chargeWindow(rule, EMPTY_WINDOW, at, { units: 1, open: false })
    const two = chargeWindow(rule, one, at, { units: 1, open: false })
    expect(two.closed[0]).toBeGreaterThan(at)
    expect(judgeWindow(rule, two, at, 7)).toMatchObject({ ok: false, retry: length, reset: length })
    expect(judgeWindow(rule, two, at + length - 1, 7).ok).toBe(false)
    expect(judgeWindow(rule, two, at + length, 7)).toMatchObject({ ok: true, remaining: 8 })
  })

  // What strictness costs, against an exact log on the same stream. The bounds hold for every size of limit.
  test.each([
    { limit: 10, slots: 16, yielded: 0.95 },
    { limit: 100, slots: 16, yielded: 0.95 },
    { limit: 1_000, slots: 16, yielded: 0.95 },
    { limit: 10_000, slots: 16, yielded: 0.95 },
    { limit: 100, slots: 64, yielded: 0.98 },
    { limit: 1_000, slots: 64, yielded: 0.98 },
  ])(
    'admits at least $yielded of what an exact log does at twice the rate, for $limit a minute in $slots sub-windows (law 8)',
    ({ limit, slots, yielded }) => {
      const windows = Math.max(10, Math.min(100, 30_000 / limit))
      const calls = poisson((2 * limit) / MINUTE, windows * MINUTE, 42).map((at) => ({ at: START + at, cost: 1 }))
      const log = new ExactLog(limit, MINUTE)
      const exact = calls.filter(({ at }) => log.admits(at)).length
      expect(admit(ruleOf(limit, slots), calls).length / exact).toBeGreaterThanOrEqual(yielded)
    },
  )

  // A window cut into fixed sub-windows yields two thirds here: what came at the end of one is kept until its sub-window ends.
  test('loses nothing to bursts that follow each other by a window', () => {
    const limit = 100
    const burst = (at: number) => Array.from({ length: limit }, (_, index) => ({ at: START + at + index, cost: 1 }))
    const calls = Array.from({ length: 100 }, (_, index) => index * (MINUTE + limit)).flatMap(burst)
    expect(admit(ruleOf(limit), calls)).toHaveLength(calls.length)
  })

  test('stays within its slots however the calls come', () => {
    fc.assert(
      fc.property(windowRule, schedule, (rule, calls) => {
        let state = EMPTY_WINDOW
        for (const { at, cost } of calls) {
          state = chargeWindow(rule, state, at, { units: cost, open: false })
          expect(state.closed.length / 2).toBeLessThanOrEqual(rule.slots)
        }
      }),
    )
  })

  test('takes a settled cost as of when it was reserved: later or fewer units leave with their entry', () => {
    const rule = ruleOf(10)
    const state = chargeWindow(rule, EMPTY_WINDOW, START, { units: 6, open: false })
    const later = chargeWindow(rule, state, START + 30 * SECOND, { units: 1, open: false })
    const settled = amendWindow(rule, later, START + 31 * SECOND, { entry: currentEntry(state), delta: -4 })
    expect(settled.total).toBe(3)
    const owing = amendWindow(rule, later, START + 31 * SECOND, { entry: currentEntry(state), delta: 9 })
    expect(judgeWindow(rule, owing, START + 31 * SECOND, 1)).toMatchObject({
      ok: false,
      remaining: 0,
      retry: 29 * SECOND,
    })
    expect(rollWindow(rule, owing, START + MINUTE).total).toBe(1)
  })

  test('forgets the settlement of a reservation that has left the window', () => {
    const rule = ruleOf(10)
    const state = chargeWindow(rule, EMPTY_WINDOW, START, { units: 6, open: false })
    const entry = currentEntry(state)
    const next = chargeWindow(rule, state, START + 2 * MINUTE, { units: 1, open: false })
    expect(amendWindow(rule, next, START + 2 * MINUTE, { entry, delta: 9 }).total).toBe(1)
  })
})
