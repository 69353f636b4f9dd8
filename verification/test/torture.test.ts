import { createCache } from '@granary/core'
import { describe, expect, test, vi } from 'vitest'
import { loadPatched } from '../mutations/build.ts'
import { hunt } from '../mutations/hunt.ts'
import { MUTATIONS } from '../mutations/list.ts'
import { SMALL_TABLES } from '../mutations/patch.ts'
import { runCampaign } from '../torture/campaign/campaign.ts'
import { Checker, type CheckPlan } from '../torture/history/checker.ts'
import { Coverage } from '../torture/history/coverage.ts'
import type { Happened, Promised, Tier } from '../torture/history/record.ts'
import { setApart } from '../torture/history/set-apart.ts'
import type { Violation, ViolationKind } from '../torture/history/violation.ts'
import { simulatedWorld } from '../torture/simulated/simulated-world.ts'

// A machine that does much else at the same time may take ten times as long.
vi.setConfig({ testTimeout: 120_000 })

/** Printed with the tests; another one may be given, to see other schedules. */
const seed = Number(process.env['TORTURE_SEED'] ?? 42)

describe(`the torture of the engine, seed ${seed}`, () => {
  const torture = async (schedules: number, seed: number, create = createCache) =>
    (await runCampaign({ world: simulatedWorld(create), schedules, seed })).tally

  test('100 seeded schedules break no promise', async () => {
    const { violations, reads } = await torture(100, seed)
    expect(Object.fromEntries(violations)).toEqual({})
    expect(reads).toBeGreaterThan(1_000)
  })

  test('40 seeded schedules break no promise when every table overflows', async () => {
    const { violations } = await torture(40, seed, await loadPatched('small tables', SMALL_TABLES))
    expect(Object.fromEntries(violations)).toEqual({})
  })

  test('the same seed gives the same run', async () => {
    const [one, other] = [await torture(8, 99), await torture(8, 99)]
    expect(one.toRecord()).toEqual(other.toRecord())
  })

  test.each([
    'commit without token',
    'reading noted after the load',
    'no replay',
    'messages of others forget nothing',
    'set tells nobody',
    'nobody is waited for',
    'pushes are not heard',
    'whoever follows a bookmark joins older flights',
  ])('an engine broken on purpose is caught: %s', async (name) => {
    const mutation = MUTATIONS.find((each) => each.name === name)
    if (mutation === undefined) throw new Error(`${name} is not in the list`)
    const found = await hunt(await loadPatched(name, mutation.patches), { ...mutation, schedules: 100 })
    expect(found?.kind).toMatch(/stale|tag|update/)
  })
})

describe('what a deposed master explains is set apart', () => {
  const found = (kind: ViolationKind, at: number): Violation => ({ kind, at, what: '' })
  const old = found('stale-after-invalidate', 500)

  test('old answers since a process talks to it, and nothing else', () => {
    const hang = found('hang', 500)
    expect(setApart([old, hang], 400)).toEqual({ broken: [hang], apart: [old] })
  })

  test('but not what was broken before, or when nobody talked to it', () => {
    expect(setApart([old], 600)).toEqual({ broken: [old], apart: [] })
    expect(setApart([old], undefined)).toEqual({ broken: [old], apart: [] })
  })
})

describe('each point of the guarantee is held against the answers', () => {
  const plan: CheckPlan = {
    maxStaleness: 300,
    calm: false,
    oneLoad: false,
    mustDeliverFrom: Number.POSITIVE_INFINITY,
    longestWait: 1_000,
    lateWake: 100,
    mayLag: true,
    oldest: { brief: 600 },
  }

  /** Two processes, one row; what they do is written down by hand. */
  function story(hereRate = 1, changed: Partial<CheckPlan> = {}) {
    const checker = new Checker({ ...plan, ...changed }, new Coverage())
    let now = 1_000
    let calls = 0
    const tell = (process: string, happened: Happened) => checker.observe({ ...happened, at: now, process })
    tell('here', { kind: 'born', skew: { zero: 0, rate: hereRate, wall: 0 } })
    tell('there', { kind: 'born', skew: { zero: 7e11, rate: 1, wall: -1e8 } })
    now += 10
    const promises: Promised[] = [{ name: 'row', row: 1, version: 2 }]
    return {
      pass: (ms: number) => {
        now += ms
      },
      held: (process: string, delivered: boolean) =>
        tell(process, { kind: 'held', promises, cause: 'key', delivered, what: 'invalidate' }),
      delivered: (cause: 'key' | 'tag' = 'key') => tell('here', { kind: 'delivered', promises, cause }),
      /** A visitor's request, with what an earlier one gave it, and the number of this one. */
      came: (process: string, visit: number, from?: string) => tell(process, { kind: 'came', visit, from }),
      went: (process: string, visit: number) => tell(process, { kind: 'went', visit }),
      writes: (process: string, visit: number, delivered = true) =>
        tell(process, { kind: 'held', promises, cause: 'key', delivered, what: 'invalidate', visit }),
      /** A read that returns the old version. */
      readsOld: (process: string, tier: Tier, mayLag = tier === 'l1', visit?: number) => {
        const call = calls++
        tell(process, { kind: 'asked', call, how: 'read', entries: [{ name: 'row', row: 1 }], visit })
        const seen = { name: 'row', row: 1, version: 1, loadedAt: now, whole: true } as const
        tell(process, { kind: 'answered', call, index: 0, seen, tier, mayLag })
      },
      kinds: () => checker.violations.map(({ kind }) => kind),
    }
  }

  test.each([true, false])(
    '1: in the process that invalidated, memory answers the old value never again (delivered: %s)',
    (delivered) => {
      const { held, readsOld, kinds } = story()
      held('here', delivered)
      readsOld('there', 'l1')
      expect(kinds()).toEqual([])
      readsOld('here', 'l1')
      expect(kinds()).toEqual(['stale-after-invalidate'])
    },
  )

  test('2: elsewhere Redis answers the old value never again once it is delivered, and memory not after maxStaleness', () => {
    const { delivered, readsOld, pass, kinds } = story()
    delivered('tag')
    readsOld('there', 'l1')
    expect(kinds()).toEqual([])
    readsOld('there', 'l2')
    pass(300)
    readsOld('there', 'l1')
    expect(kinds()).toEqual(['resurrected-tag', 'stale-after-invalidate'])
  })

  test('3: a strong read may not lag at all', () => {
    const { delivered, readsOld, kinds } = story()
    delivered()
    readsOld('there', 'l1', false)
    expect(kinds()).toEqual(['stale-after-invalidate'])
  })

  test('3: where invalidations are acknowledged no memory may lag', () => {
    const { delivered, readsOld, kinds } = story(1, { mayLag: false })
    readsOld('there', 'l1')
    delivered()
    readsOld('there', 'l1')
    expect(kinds()).toEqual(['stale-after-invalidate'])
  })

  test('3: a visitor sees in every process what it wrote in one, and others may lag', () => {
    const { came, went, writes, readsOld, kinds } = story()
    came('here', 1)
    writes('here', 1)
    went('here', 1)
    came('there', 1, 'here 1')
    readsOld('there', 'l1')
    expect(kinds()).toEqual([])
    readsOld('there', 'l1', true, 1)
    expect(kinds()).toEqual(['stale-after-invalidate'])
  })

  test('3: what a visitor wrote and Redis did not take binds other processes once it is delivered', () => {
    const { came, went, writes, delivered, readsOld, kinds } = story()
    came('here', 1)
    writes('here', 1, false)
    went('here', 1)
    came('there', 1, 'here 1')
    readsOld('there', 'l1', true, 1)
    expect(kinds()).toEqual([])
    delivered()
    readsOld('there', 'l1', true, 1)
    expect(kinds()).toHaveLength(1)
  })

  test('3: a visitor whom Redis answered has seen what was delivered before, and sees it elsewhere', () => {
    const { came, went, delivered, readsOld, pass, kinds } = story()
    delivered()
    pass(1)
    came('here', 1)
    readsOld('here', 'l1', true, 1)
    went('here', 1)
    came('there', 1, 'here 1')
    readsOld('there', 'l1', true, 1)
    expect(kinds()).toEqual([])
    readsOld('there', 'l2', false, 1)
    expect(kinds()).toHaveLength(1)
    readsOld('there', 'l1', true, 1)
    expect(kinds()).toHaveLength(2)
  })

  test('a value that has outlived its time is told', () => {
    const checker = new Checker(plan, new Coverage())
    const entry = { name: 'brief', row: 1 } as const
    checker.observe({ kind: 'asked', call: 0, how: 'read', entries: [entry], at: 700, process: 'here' })
    const seen = { ...entry, version: 1, loadedAt: 50, whole: true }
    checker.observe({ kind: 'answered', call: 0, index: 0, seen, tier: 'l2', mayLag: false, at: 701, process: 'here' })
    expect(checker.violations.map(({ kind }) => kind)).toEqual(['served-too-old'])
  })

  test('4: a queued invalidation binds other processes only when it has been replayed', () => {
    const { held, delivered, readsOld, kinds } = story()
    held('here', false)
    readsOld('there', 'l2')
    expect(kinds()).toEqual([])
    delivered()
    readsOld('there', 'l2')
    expect(kinds()).toHaveLength(1)
  })

  test('5: at rest, a process that was born after the invalidation may not have the old value from anywhere', () => {
    const checker = new Checker(plan, new Coverage())
    const entry = { name: 'row', row: 1 } as const
    checker.observe({ kind: 'delivered', promises: [{ ...entry, version: 2 }], cause: 'key', at: 10, process: 'here' })
    checker.observe({ kind: 'rested', at: 15, process: '' })
    checker.observe({ kind: 'born', skew: { zero: 0, rate: 1, wall: 0 }, at: 20, process: 'new' })
    checker.observe({ kind: 'asked', call: 0, how: 'get', entries: [entry], at: 21, process: 'new' })
    const seen = { ...entry, version: 1, loadedAt: 5, whole: true }
    checker.observe({ kind: 'answered', call: 0, index: 0, seen, tier: 'l1', mayLag: true, at: 22, process: 'new' })
    expect(checker.violations.map(({ kind }) => kind)).toEqual(['stale-at-rest'])
  })

  test('6: the lag is measured by the monotonic clock of the process that reads', () => {
    const slow = story(0.5)
    slow.delivered()
    slow.pass(599)
    slow.readsOld('here', 'l1')
    expect(slow.kinds()).toEqual([])
    slow.readsOld('there', 'l1')
    expect(slow.kinds()).toHaveLength(1)
    slow.pass(2)
    slow.readsOld('here', 'l1')
    expect(slow.kinds()).toHaveLength(2)
  })

  test('an answer for another row, an answer in another shape, and an operation that never ends are told apart', () => {
    const checker = new Checker(plan, new Coverage())
    const tell = (happened: Happened) => checker.observe({ ...happened, at: 5, process: 'here' })
    tell({
      kind: 'asked',
      call: 0,
      how: 'batch',
      entries: [
        { name: 'row', row: 1 },
        { name: 'row', row: 2 },
      ],
    })
    const seen = { name: 'row', row: 2, version: 1, loadedAt: 5 } as const
    tell({ kind: 'answered', call: 0, index: 0, seen: { ...seen, whole: true }, tier: 'l2', mayLag: false })
    tell({ kind: 'answered', call: 0, index: 1, seen: { ...seen, whole: false }, tier: 'l2', mayLag: false })
    tell({ kind: 'began', operation: 0, what: 'read row/1' })
    tell({ kind: 'began', operation: 1, what: 'put row/1' })
    tell({ kind: 'ended', operation: 1, error: 'Error: boom' })
    tell({ kind: 'rested' })
    expect(checker.violations.map(({ kind }) => kind)).toEqual(['wrong-key', 'wrong-type', 'error-to-caller', 'hang'])
  })
})
