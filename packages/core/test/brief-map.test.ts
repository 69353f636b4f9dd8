import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BriefMap } from '../src/brief-map.ts'

const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('set' as const), key: fc.nat(2_000) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('delete' as const), key: fc.nat(2_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('burst' as const), key: fc.nat(1_500) }) },
)

test('holds what a map holds, however often it was made anew', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const brief = new BriefMap<number, number>()
      const map = new Map<number, number>()
      steps.forEach((each, at) => {
        if (each.do === 'delete') expect(brief.delete(each.key)).toBe(map.delete(each.key))
        else {
          const last = each.do === 'set' ? each.key : each.key + 700
          for (let key = each.key; key <= last; key++) {
            brief.set(key, at)
            map.set(key, at)
          }
        }
        expect(brief.get(each.key)).toBe(map.get(each.key))
        expect(brief.size).toBe(map.size)
      })
      expect([...brief.keys()]).toEqual([...map.keys()])
      expect([...brief.values()]).toEqual([...map.values()])
    }),
    { numRuns: 50 },
  )
})

test('what is walked through may be removed on the way', () => {
  const brief = new BriefMap<number, number>()
  for (let key = 0; key < 5_000; key++) brief.set(key, key)
  for (const value of brief.values()) if (value % 2 === 0) brief.delete(value)
  expect(brief.size).toBe(2_500)
  brief.clear()
  expect([...brief.keys()]).toEqual([])
})
