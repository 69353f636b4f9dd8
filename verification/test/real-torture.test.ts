import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { MUTATIONS } from '../mutations/list.ts'
import { runCampaign } from '../torture/campaign/campaign.ts'
import { RealWorldOfSites } from '../torture/real/real-world.ts'
import { generate } from '../torture/schedule/generate.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

/** Printed with the tests; another one may be given, to see other schedules. */
const seed = Number(process.env['TORTURE_SEED'] ?? 1)

describe(`the torture of real processes and servers, seed ${seed}`, () => {
  let world: RealWorldOfSites
  beforeAll(async () => {
    world = await RealWorldOfSites.start({ library: 'granary', parallel: 3 })
  })
  afterAll(() => world.stop())

  test('12 schedules break no promise', async () => {
    const { tally, findings } = await runCampaign({ world, seed, schedules: 12 })
    expect(findings.map(({ finding }) => finding.outcome.violations)).toEqual([])
    expect(tally.reads).toBeGreaterThan(50)
    expect(tally.coverage.counts.size).toBeGreaterThan(3)
  })
})

test(`5 schedules on a cluster whose slots move and whose masters die break no promise, seed ${seed}`, async () => {
  const world = await RealWorldOfSites.start({ library: 'granary', parallel: 1, topology: 'cluster' })
  try {
    const { tally, findings } = await runCampaign({ world, seed, schedules: 5 })
    expect(findings.map(({ finding }) => finding.outcome.violations)).toEqual([])
    expect(tally.coverage.counts.get('slot moved')).toBeGreaterThan(0)
  } finally {
    await world.stop()
  }
})

test(`2 schedules under sentinels that replace masters break no promise, seed ${seed}`, async () => {
  const world = await RealWorldOfSites.start({ library: 'granary', parallel: 2, topology: 'sentinel' })
  try {
    const { tally, findings } = await runCampaign({ world, seed, schedules: 2 })
    expect(findings.map(({ finding }) => finding.outcome.violations)).toEqual([])
    expect(tally.coverage.counts.get('master stopped until it was replaced')).toBeGreaterThan(0)
    expect(tally.reads).toBeGreaterThan(20)
  } finally {
    await world.stop()
  }
})

test('an engine broken on purpose is caught by real processes too', async () => {
  const mutation = MUTATIONS.find(({ name }) => name === 'messages of others forget nothing')
  const world = await RealWorldOfSites.start({ library: 'granary', parallel: 3, patches: mutation?.patches ?? [] })
  try {
    let found: string | undefined
    for (let at = 1; at <= 10 && found === undefined; at++) {
      const outcomes = await Promise.all(
        [0, 1, 2].map((site) => world.run(generate(at * 3 + site, { fault: 'nothing', mode: 'bus' }))),
      )
      found = outcomes.flatMap(({ violations }) => violations)[0]?.kind
    }
    expect(found).toMatch(/stale|lost/)
  } finally {
    await world.stop()
  }
})
