import { describe, expect, test, vi } from 'vitest'
import { BOUNDS, PLANTED } from '../model/bounds.ts'
import { explore } from '../model/explore.ts'
import type { Bug } from '../model/process.ts'

const small = ['a writer, a reader', 'a queued invalidation', 'a reader that writes'] as const

vi.setConfig({ testTimeout: 120_000 })

describe('the model of the protocol', () => {
  test.each(small)('breaks no promise in any state within this bound: %s', (name) => {
    const { exhausted, violation, states } = explore(BOUNDS[name])
    expect(violation).toBeUndefined()
    expect(exhausted).toBe(true)
    expect(states).toBeGreaterThan(1_000)
  })

  test.each<Bug>([
    'commit without token',
    'reading noted after the load',
    'fill without the born fence',
    'joiner unchecked',
  ])('finds the way to a stale answer when a bug is planted: %s', (bug) => {
    const { violation } = explore(BOUNDS[PLANTED[bug]], new Set([bug]))
    expect(violation?.what).toMatch(/everything before \d+ was invalidated/)
    expect(violation?.steps.length).toBeGreaterThan(3)
  })
})
