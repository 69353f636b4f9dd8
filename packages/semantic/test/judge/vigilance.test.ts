import { expect, test } from 'vitest'
import { AnswerRecords } from '../../src/judge/answer-records.ts'
import { aim, CALM, exploration, isAlarmed, noticed } from '../../src/judge/vigilance.ts'

const RIGHT = { correct: true, propensity: 0.1 }
const WRONG = { correct: false, propensity: 0.1 }

test('exploration begins high and falls as hits turn out well, and never ends', () => {
  let state = CALM
  const shares = Array.from({ length: 400 }, () => {
    state = noticed(state, RIGHT, 0.1)
    return exploration(state, 0.1)
  })
  expect(exploration(CALM, 0.1)).toBe(0.75)
  expect(shares).toEqual([...shares].sort((one, other) => other - one))
  expect(shares.at(-1)).toBe(0.04)
})

test('after one wrong answer nothing is served, until right ones have answered it', () => {
  let state = Array.from({ length: 100 }).reduce<typeof CALM>((before) => noticed(before, RIGHT, 0.1), CALM)
  state = noticed(state, WRONG, 0.1)
  expect(exploration(state, 0.1)).toBe(1)
  for (let at = 0; at < 5; at++) state = noticed(state, RIGHT, 0.1)
  expect(exploration(state, 0.1)).toBeLessThan(0.2)
})

test('a few wrong answers close together are an alarm; as many as are allowed, spread out, are not', () => {
  const together = [WRONG, WRONG, WRONG].reduce((state, label) => noticed(state, label, 0.1), CALM)
  expect(isAlarmed(together)).toBe(true)
  let state = CALM
  for (let at = 1; at <= 300; at++) {
    state = noticed(state, at % 20 === 0 ? WRONG : RIGHT, 0.1)
    expect(isAlarmed(state)).toBe(false)
  }
})

test('what is aimed at is less than what is allowed, and least at the beginning', () => {
  expect(aim(CALM, 0.1)).toBeCloseTo(0.02)
  expect(aim({ ...CALM, hits: 10_000 }, 0.1)).toBeLessThan(0.1)
  expect(aim({ ...CALM, hits: 10_000 }, 0.1)).toBeGreaterThan(aim({ ...CALM, hits: 10 }, 0.1))
})

test('an answer that was wrong is on probation until it is right; three in a row condemn it for good', () => {
  const records = new AnswerRecords()
  expect(records.note('a', false)).toBe(false)
  expect([records.isOnProbation('a'), records.isCondemned('a')]).toEqual([true, false])
  records.note('a', true)
  expect(records.isOnProbation('a')).toBe(false)
  expect([records.note('a', false), records.note('a', false), records.note('a', false)]).toEqual([false, false, true])
  records.note('a', true)
  expect(records.isCondemned('a')).toBe(true)
})

test('the answers in doubt that are remembered are bounded', () => {
  const records = new AnswerRecords()
  for (let at = 0; at < 10_001; at++) records.note(`answer ${at}`, false)
  expect([records.isOnProbation('answer 0'), records.isOnProbation('answer 10000')]).toEqual([false, true])
})
