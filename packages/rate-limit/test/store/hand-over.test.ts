import { expect, test } from 'vitest'
import { concurrency, window } from '../../src/index.ts'
import { resolveLimitSet } from '../../src/limiter/options.ts'
import { HandOver } from '../../src/store/hand-over.ts'

const LIMITS = { tokens: window(1_000, '1m', { unit: 'tokens' }), live: concurrency(3, { lease: '30s' }) }
const { set, script } = resolveLimitSet('debts', { limits: LIMITS }, { onStoreFailure: 'local', deadline: '50ms' })
const TARGET = { key: 'debts:ada', set, script, planned: false, deadline: 50, onFailure: 'local' } as const

test('a reservation that is settled while Redis is told of it, in vain, is told of at its true cost and holds no place', () => {
  const debts = new HandOver(100)
  debts.reserve(TARGET, { lease: 'lease-1', costs: [500, 1], onAdopted: () => {} })
  const underway = debts.take(() => 1_000_000)
  expect(underway.map(({ operation }) => operation())).toEqual([{ kind: 'debit', costs: [500, 1], lease: 'lease-1' }])
  const settlement = { kind: 'settle', lease: 'lease-1', deltas: [-200, 0], refs: [0, 0] } as const
  expect(debts.settle(TARGET, 1_000_000, settlement), 'it is on its way, so Redis is asked').toBe(false)
  debts.settleLater(TARGET, 'lease-1', () => settlement)
  for (const { putBack } of underway) putBack()
  expect(debts.take(() => 1_000_001).map(({ operation }) => operation())).toEqual([
    { kind: 'debit', costs: [300, 0], lease: undefined },
  ])
})
