import { expect, test } from 'vitest'
import { soak } from '../soak/soak.ts'

test('traffic and a fault every three seconds: no error, nothing stale, nothing left over, closed under load and twice', async () => {
  const report = await soak({ minutes: 1, every: 3_000, lasts: 900, grownAfter: 30, rate: 200, seed: 1 })
  expect(report.violations).toEqual([])
  expect(report.tally.calls).toBeGreaterThan(2_000)
  expect(Object.keys(report.faults)).toHaveLength(10)
  expect(report.outages).toBeGreaterThan(3)
  expect(report.ok).toBe(true)
}, 180_000)
