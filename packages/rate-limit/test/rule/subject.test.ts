import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { applyOperation, type Operation } from '../../src/rule/operation.ts'
import { readClock } from '../../src/rule/server-clock.ts'
import { forgettableAt, judgeCall, type RuleSet, type SubjectState, unknownSubject } from '../../src/rule/subject.ts'
import { ruleSets, START, steps, windowRule } from '../support/arbitraries.ts'
import { History } from '../support/history.ts'

const SECOND = 1_000_000

describe('all limits of a subject', () => {
  test('decide together: a refused call leaves the very same subject (law 3)', () => {
    fc.assert(
      fc.property(ruleSets({ penalties: false }), steps, (set, history) => {
        const told = new History(set)
        let subject = unknownSubject(set)
        let at = START
        for (const step of history) {
          at += step.wait
          const operation = told.operation(step, 0)
          const applied = applyOperation(set, subject, at, operation)
          if (!applied.outcome.done) expect(applied.subject).toBe(subject)
          subject = applied.subject
          told.learn(operation, applied.outcome)
        }
      }),
    )
  })

  test('are as good as unknown from the time on at which they may be forgotten', () => {
    fc.assert(
      fc.property(ruleSets({ penalties: true }), steps, (set, history) => {
        const told = new History(set)
        let subject = unknownSubject(set)
        let at = START
        for (const step of history) {
          at += step.wait
          const operation = told.operation(step, 0)
          const applied = applyOperation(set, subject, at, operation)
          subject = applied.subject
          told.learn(operation, applied.outcome)
        }
        const later = Math.max(forgettableAt(set, subject), subject.last) + 5 * SECOND + Math.max(0, subject.ahead)
        const costs = set.rules.map(() => 1)
        const known = judgeCall(set, { ...subject, ahead: 0 }, later, costs)
        expect(known).toEqual(judgeCall(set, unknownSubject(set), later, costs))
      }),
    )
  })
})

describe('a reservation', () => {
  const set = (rules: RuleSet['rules']): RuleSet => ({ rules, leaseTime: 3_600 * SECOND, penalty: undefined })

  /** The calls between are charged whatever the limits say, so that both worlds see the same calls. */
  test('that is settled is the reservation of its true cost, made when it was made, while its sub-windows suffice (law 4)', () => {
    const between = fc.array(fc.record({ wait: fc.nat(3 * SECOND), cost: fc.nat(5) }), { maxLength: 20 })
    fc.assert(
      fc.property(windowRule, between, between, fc.nat(12), fc.nat(12), (drawn, before, after, reserved, actual) => {
        const rule = { ...drawn, slots: 64, span: drawn.span === 0 ? 0 : drawn.length / 64 }
        const world = (cost: number, settles: boolean) => {
          const rules = set([rule])
          let at = START
          let subject = unknownSubject(rules)
          const apply = (operation: Operation) => {
            const applied = applyOperation(rules, subject, at, operation)
            subject = applied.subject
            return applied.outcome
          }
          const charge = ({ wait, cost: units }: { wait: number; cost: number }) => {
            at += wait
            apply({ kind: 'debit', costs: [units], lease: undefined })
          }
          for (const call of before) charge(call)
          const { standings } = apply({ kind: 'debit', costs: [cost], lease: 'lease-000001' })
          for (const call of after) charge(call)
          const refs = standings.map(({ ref }) => ref)
          if (settles) apply({ kind: 'settle', lease: 'lease-000001', refs, deltas: [actual - cost] })
          return apply({ kind: 'peek', costs: [0] })
        }
        const [settled] = world(reserved, true).standings
        const [ideal] = world(actual, false).standings
        expect(settled?.remaining).toBe(ideal?.remaining)
      }),
      { numRuns: 1_000 },
    )
  })

  test('is settled once: the second time, and after its end, nothing changes', () => {
    fc.assert(
      fc.property(ruleSets({ penalties: false }), fc.nat(5), fc.nat(9), (rules, cost, actual) => {
        const lease = 'lease-000001'
        const costs = rules.rules.map(() => cost)
        const made = applyOperation(rules, unknownSubject(rules), START, { kind: 'debit', costs, lease })
        const refs = made.outcome.standings.map(({ ref }) => ref)
        const settle: Operation = { kind: 'settle', lease, refs, deltas: costs.map(() => actual - cost) }
        const once = applyOperation(rules, made.subject, START + 1_000, settle)
        expect(once.outcome.done).toBe(true)
        const twice = applyOperation(rules, once.subject, START + 2_000, settle)
        expect(twice).toMatchObject({ outcome: { done: false } })
        expect(twice.subject).toBe(once.subject)
        const late = applyOperation(rules, made.subject, START + rules.leaseTime, settle)
        expect(late.outcome.done).toBe(false)
        expect(late.subject).toBe(made.subject)
      }),
    )
  })
})

describe('the clock of a subject', () => {
  test('never steps back, never stands still for long, and runs true again (law 7)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5 * SECOND, max: 10 * SECOND }), { maxLength: 50 }), (moves) => {
        let at = START
        let state = { last: START, ahead: 0 }
        for (const move of moves) {
          at += move
          const { now, ahead } = readClock(state, at)
          expect(now).toBeGreaterThanOrEqual(state.last)
          // It never runs faster than the server's: a window cannot end early.
          expect(now - state.last).toBeLessThanOrEqual(Math.max(0, move) + 1)
          if (move > 0) expect(now - state.last).toBeGreaterThanOrEqual(Math.floor(move / 2))
          state = { last: now, ahead }
        }
        expect(readClock(state, at + 2 * state.ahead + 2)).toEqual({ now: at + 2 * state.ahead + 2, ahead: 0 })
      }),
    )
  })

  test('admits nothing extra when the server steps back five seconds (law 7)', () => {
    const rules: RuleSet = {
      rules: [{ kind: 'window', limit: 3, length: 10 * SECOND, slots: 2, span: 0, tick: 1 }],
      leaseTime: SECOND,
      penalty: undefined,
    }
    let subject: SubjectState = unknownSubject(rules)
    const at = [0, 1, 2, -3, -1, 0, 4, 6, 9].map((second) => START + second * SECOND)
    const admitted = at.map((now) => {
      const applied = applyOperation(rules, subject, now, { kind: 'check', costs: [1] })
      subject = applied.subject
      return applied.outcome.done
    })
    // Three of the first nine seconds; then the first of them is ten real seconds past.
    expect(admitted).toEqual([true, true, true, false, false, false, false, false, false])
    expect(applyOperation(rules, subject, START + 20 * SECOND, { kind: 'check', costs: [1] }).outcome.done).toBe(true)
  })
})
