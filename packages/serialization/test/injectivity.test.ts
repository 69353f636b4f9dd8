/**
 * Two argument lists have one text exactly when they are equal, on generated pairs: half of them unrelated, half twins of
 * which one was changed in one place (or in none). The oracle of equality knows nothing of texts.
 *
 * GRANARY_PAIRS sets how many (default a million), GRANARY_SEED repeats a run.
 */
import { expect, test } from 'vitest'
import { argumentsText } from '../src/index.ts'
import { equal, Generator } from './argument-generator.ts'

const PAIRS = Number(process.env['GRANARY_PAIRS'] ?? 1_000_000)
const SEED = Number(process.env['GRANARY_SEED'] ?? Date.now() % 2 ** 31)

test(`one text exactly for equal arguments, over ${PAIRS.toLocaleString('en')} generated pairs`, {
  timeout: 600_000,
}, () => {
  const generate = new Generator(SEED)
  let same = 0
  for (let pair = 0; pair < PAIRS; pair++) {
    const left = generate.list()
    const right = pair % 2 === 0 ? generate.list() : generate.twin(left)
    const equals = equal(left, right)
    if (equals) same++
    if ((argumentsText(left) === argumentsText(right)) !== equals) {
      expect.fail(
        `seed ${SEED}, pair ${pair}: ${argumentsText(left)} and ${argumentsText(right)} are ${equals ? 'equal' : 'different'}`,
      )
    }
  }
  // A generator that never makes equal pairs, or only equal ones, would prove nothing.
  expect(same).toBeGreaterThan(PAIRS / 20)
  expect(same).toBeLessThan(PAIRS / 2)
})

test('no two of many different arguments share a text: every pair among 20,000', () => {
  const generate = new Generator(SEED + 1)
  const byText = new Map<string, readonly unknown[]>()
  for (let round = 0; round < 20_000; round++) {
    const list = generate.list()
    const text = argumentsText(list)
    const other = byText.get(text)
    if (other === undefined) byText.set(text, list)
    else if (!equal(list, other)) expect.fail(`seed ${SEED}: two different lists have the text ${text}`)
  }
  expect(byText.size).toBeGreaterThan(5000)
})
