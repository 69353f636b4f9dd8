import fc from 'fast-check'
import { expect, test } from 'vitest'
import { afterTest, isProven, leastProof, type Proof, UNPROVEN } from '../../src/judge/statistics/proof.ts'

const after = (outcomes: readonly boolean[], limit: number, before: Proof = UNPROVEN) =>
  outcomes.reduce((proof, correct) => afterTest(proof, correct, limit), before)

/** Numbers in [0, 1), the same ones every time. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
}

test('it takes a run of right answers, the longer the less may be wrong and the surer one has to be', () => {
  expect([0.1, 0.05, 0.02].map((limit) => leastProof(limit, 0.95))).toEqual([41, 85, 216])
  expect(leastProof(0.1, 0.99)).toBeGreaterThan(leastProof(0.1, 0.95))
  const run = Array.from({ length: leastProof(0.05, 0.95) }, () => true)
  expect(isProven(after(run, 0.05), 0.05, 0.95)).toBe(true)
  expect(isProven(after(run.slice(1), 0.05), 0.05, 0.95)).toBe(false)
  expect(isProven(UNPROVEN, 0.5, 0.5)).toBe(false)
})

test('however often one looks, at most one stream in twenty proves what is not so', () => {
  const chance = chances(11)
  for (const limit of [0.1, 0.02]) {
    let proven = 0
    for (let stream = 0; stream < 1_000; stream++) {
      let proof = UNPROVEN
      for (let at = 0; at < 20 / limit; at++) {
        proof = afterTest(proof, chance() >= limit, limit)
        if (!isProven(proof, limit, 0.95)) continue
        proven += 1
        break
      }
    }
    expect(proven / 1_000).toBeLessThan(0.05)
  }
})

test('where a quarter of what is allowed is wrong, nearly every stream proves it', () => {
  const chance = chances(12)
  let proven = 0
  for (let stream = 0; stream < 200; stream++) {
    let proof = UNPROVEN
    for (let at = 0; at < 300 && !isProven(proof, 0.1, 0.95); at++) proof = afterTest(proof, chance() >= 0.025, 0.1)
    if (isProven(proof, 0.1, 0.95)) proven += 1
  }
  expect(proven / 200).toBeGreaterThan(0.95)
})

test('a right answer never undoes a proof, and a wrong one never makes one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 400 }),
      fc.integer({ min: 0, max: 300 }),
      fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      (outcomes, run, limit) => {
        const mixed = outcomes.map((outcome) => outcome > 0)
        const proof = after([...mixed, ...Array.from({ length: run }, () => true)], limit)
        const was = isProven(proof, limit, 0.95)
        if (was) expect(isProven(afterTest(proof, true, limit), limit, 0.95)).toBe(true)
        else expect(isProven(afterTest(proof, false, limit), limit, 0.95)).toBe(false)
        if (was) expect(isProven(proof, limit, 0.9)).toBe(true)
      },
    ),
  )
})

test('what is remembered is bounded: a change is seen through a long good past', () => {
  const past = after(
    Array.from({ length: 50_000 }, () => true),
    0.1,
  )
  expect(past.tested).toBeLessThanOrEqual(200)
  const outcomes = Array.from({ length: 60 }, (_, at) => at % 3 !== 0)
  expect(isProven(after(outcomes, 0.1, past), 0.1, 0.95)).toBe(false)
})
