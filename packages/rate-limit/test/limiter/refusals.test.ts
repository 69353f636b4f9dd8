import { ManualClock } from '@granary/testing'
import { expect, test } from 'vitest'
import { Refusals } from '../../src/limiter/deciding/refusals.ts'
import type { RuleSet } from '../../src/rule/subject.ts'

const SET: RuleSet = { rules: [{ kind: 'lease', limit: 1 }], leaseTime: 1_000_000, penalty: undefined }
const REFUSED = {
  done: false,
  now: 1_000_000,
  blockedFor: 0,
  standings: [{ remaining: 0, retry: 400_000, reset: 400_000, ref: 0 }],
}

test('no more refusals are remembered than there is room for, and none for longer than it holds', () => {
  const clock = new ManualClock()
  const refusals = new Refusals({ clock, capacity: 100 })
  const target = (subject: number) => ({ key: `key:${subject}`, set: SET })
  for (let subject = 0; subject < 10_000; subject++) refusals.add(target(subject), REFUSED, [1])
  expect(refusals.size).toBe(100)
  expect(refusals.find(target(0), [1])).toBeUndefined()
  expect(refusals.find(target(9_999), [1])?.standings[0]).toMatchObject({ retry: 400_000 })
  clock.advance(399)
  expect(refusals.find(target(9_999), [1])?.standings[0]).toMatchObject({ retry: 1_000 })
  clock.advance(1)
  expect(refusals.find(target(9_999), [1])).toBeUndefined()
  clock.advance(2_000)
  expect(refusals.size).toBe(0)
})
