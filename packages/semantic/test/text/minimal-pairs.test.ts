import { expect, test } from 'vitest'
import { minimalPairs } from '../../src/minimal-pairs/minimal-pairs.ts'
import { guardOf, vetoOf } from '../../src/text/guards.ts'
import { profileOf } from '../../src/text/profile.ts'

const refused = (one: string, other: string) => {
  const [text, entry] = [profileOf(one), profileOf(other)]
  return (vetoOf(text, entry) ?? guardOf(text, entry, () => false)) !== undefined
}

test('there are at least 400 pairs of nine kinds, each with two twins, and no two are the same', () => {
  const pairs = minimalPairs()
  expect(pairs.length).toBeGreaterThanOrEqual(400)
  expect(new Set(pairs.map(({ category }) => category)).size).toBe(9)
  expect(new Set(pairs.map(({ original, changed }) => `${original}|${changed}`)).size).toBe(pairs.length)
  for (const { original, changed, twins } of pairs) {
    expect(new Set([original, changed, ...twins]).size).toBe(4)
    expect([original, changed, ...twins].join()).not.toMatch(/[{}|]/)
  }
})

test('without evidence, a text that differs in one place is refused, whichever of the two was stored', () => {
  const open = minimalPairs().filter(
    ({ original, changed }) => !refused(changed, original) || !refused(original, changed),
  )
  expect(open).toEqual([])
})

test('nor is it let through when a twin of the other one was stored', () => {
  const open = minimalPairs().filter(({ changed, twins }) => twins.some((twin) => !refused(changed, twin)))
  expect(open).toEqual([])
})

test('most twins are left to the score: the guards refuse less than a tenth of them', () => {
  const twins = minimalPairs().flatMap(({ original, twins }) => twins.map((twin) => refused(twin, original)))
  expect(twins.filter(Boolean).length / twins.length).toBeLessThan(1 / 10)
})
