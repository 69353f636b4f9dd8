import { createCache } from '@granary/core'
import { describe, expect, test, vi } from 'vitest'
import { loadPatched } from '../mutations/build.ts'
import { hunt } from '../mutations/hunt.ts'
import { MUTATIONS } from '../mutations/list.ts'
import { SMALL_TABLES } from '../mutations/patch.ts'
import { History, type Witness } from '../torture/history.ts'
import { simulate } from '../torture/simulate.ts'

// A machine that does much else at the same time may take ten times as long.
vi.setConfig({ testTimeout: 120_000 })

describe('the torture of the engine', () => {
  test('100 seeded schedules break no promise', async () => {
    const { violations, reads } = await simulate({ schedules: 100, seed: 42, create: createCache })
    expect(Object.fromEntries(violations)).toEqual({})
    expect(reads).toBeGreaterThan(1_000)
  })

  test('40 seeded schedules break no promise when every table overflows', async () => {
    const create = await loadPatched('small tables', SMALL_TABLES)
    const { violations } = await simulate({ schedules: 40, seed: 7, create })
    expect(Object.fromEntries(violations)).toEqual({})
  })

  test('the same seed gives the same run', async () => {
    const runs = [
      await simulate({ schedules: 8, seed: 99, create: createCache }),
      await simulate({ schedules: 8, seed: 99, create: createCache }),
    ]
    expect(runs[0]?.reads).toBe(runs[1]?.reads)
    expect(runs[0]?.coverage.counts).toEqual(runs[1]?.coverage.counts)
  })

  test.each([
    'commit without token',
    'reading noted after the load',
    'no replay',
    'messages of others forget nothing',
    'set tells nobody',
  ])('an engine broken on purpose is caught: %s', async (name) => {
    const mutation = MUTATIONS.find((each) => each.name === name)
    if (mutation === undefined) throw new Error(`${name} is not in the list`)
    const found = await hunt(await loadPatched(name, mutation.patches), { faults: mutation.faults, schedules: 60 })
    expect(found?.kind).toMatch(/stale|tag|update/)
  })

  test('a patch that no longer fits its source is an error, not a mutation', async () => {
    const patch = { file: 'core/src/engine/fly.ts', find: 'no such snippet', replace: '' }
    await expect(loadPatched('unfit', [patch])).rejects.toThrow(/stands 0 times in core\/src\/engine\/fly.ts/)
  })
})

describe('each point of the guarantee is held against the answers', () => {
  const clock = { now: 1_000 }
  const here: Witness = { label: 'here', now: () => clock.now }
  const there: Witness = { label: 'there', now: () => clock.now }

  function history() {
    clock.now = 1_000
    return new History({ now: () => clock.now, witnesses: () => [here, there], maxStaleness: 300 })
  }
  const answer = { what: 'a read', version: 1, tier: 'l1', mayLag: true } as const

  test('1: in the process that invalidated, memory answers the old value never again, delivered or queued', () => {
    const told = history()
    const pair = told.pair('row', 1)
    told.heldBy(here, pair, 2, 'key')
    told.judge(answer, told.dueTo(here, pair))
    told.judge(answer, told.dueTo(there, pair))
    expect(told.violations.map(({ kind }) => kind)).toEqual(['stale-after-invalidate'])
  })

  test('2: elsewhere Redis answers the old value never again once it is delivered, and memory not after maxStaleness', () => {
    const told = history()
    const pair = told.pair('row', 1)
    told.delivered(pair, 2, 'tag')
    told.judge(answer, told.dueTo(there, pair))
    expect(told.violations).toEqual([])
    told.judge({ ...answer, tier: 'l2', mayLag: false }, told.dueTo(there, pair))
    clock.now += 300
    told.judge(answer, told.dueTo(there, pair))
    expect(told.violations.map(({ kind }) => kind)).toEqual(['resurrected-tag', 'stale-after-invalidate'])
  })

  test('3: a strong read may not lag at all', () => {
    const told = history()
    const pair = told.pair('strict', 1)
    told.delivered(pair, 2, 'key')
    told.judge({ ...answer, mayLag: false }, told.dueTo(there, pair))
    expect(told.violations).toHaveLength(1)
  })

  test('4: a queued invalidation binds other processes only when it has been replayed', () => {
    const told = history()
    const pair = told.pair('row', 1)
    told.heldBy(here, pair, 2, 'key')
    told.judge({ ...answer, tier: 'l2', mayLag: false }, told.dueTo(there, pair))
    expect(told.violations).toEqual([])
    told.delivered(pair, 2, 'key')
    told.judge({ ...answer, tier: 'l2', mayLag: false }, told.dueTo(there, pair))
    expect(told.violations).toHaveLength(1)
  })

  test('6: the lag is measured by the reading process, so a skewed clock elsewhere changes nothing', () => {
    const told = new History({
      now: () => clock.now,
      witnesses: () => [here, { label: 'skewed', now: () => 9e12 }],
      maxStaleness: 300,
    })
    const pair = told.pair('row', 1)
    told.delivered(pair, 2, 'key')
    told.judge(answer, told.dueTo(here, pair))
    expect(told.violations).toEqual([])
  })
})
