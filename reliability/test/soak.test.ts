import { expect, test } from 'vitest'
import { soak } from '../soak/soak.ts'

test('traffic and a fault every three seconds: no error, nothing stale, nothing left over, closed under load and twice', async () => {
  const report = await soak({ minutes: 0.35, every: 3_000, lasts: 900, grownAfter: 9, rate: 200, seed: 1 })
  expect(report.violations).toEqual([])
  expect(report.tally.calls).toBeGreaterThan(500)
  expect(Object.keys(report.faults).length).toBeGreaterThanOrEqual(5)
  expect(report.outages).toBeGreaterThan(3)
  expect(report.ok).toBe(true)
}, 90_000)
