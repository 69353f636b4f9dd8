import { type RedisServer, startRedis } from '@granary/testing'
import * as fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WindowRule } from '../src/rule/rolling-window.ts'
import type { RuleSet } from '../src/rule/subject.ts'
import { ruleSets, START, steps, windowRule } from './support/arbitraries.ts'
import { History } from './support/history.ts'
import { clientOf } from './support/limiter.ts'
import { peakOf } from './support/streams.ts'
import { LuaTwin, PureTwin } from './support/twin.ts'

let server: RedisServer
let redis: Redis
let keys = 0

beforeAll(async () => {
  server = await startRedis()
  redis = clientOf(server)
})
afterAll(async () => {
  redis.disconnect()
  await server.stop()
})

const RUNS = Number(process.env['GRANARY_TWIN_RUNS'] ?? 500)

describe('the script and the pure functions are twins', () => {
  for (const penalties of [false, true]) {
    test(`any history gets the same outcomes from both${penalties ? ', penalties included' : ''} (laws 1, 3, 4 and 7)`, async () => {
      await fc.assert(
        fc.asyncProperty(ruleSets({ penalties }), steps, fc.boolean(), async (set, history, planned) => {
          const pure = new PureTwin(set)
          const lua = new LuaTwin(redis, set, { key: `twin:${++keys}`, planned })
          const told = new History(set)
          let at = START
          for (const step of history) {
            at += step.wait
            const operation = told.operation(step, lua.reply?.birth ?? 0)
            const expected = pure.apply(at, operation)
            expect(await lua.apply(at, operation)).toEqual(expected)
            told.learn(operation, expected)
          }
        }),
        { numRuns: RUNS },
      )
    })
  }
})

/** Of a history's admissions, the most that fell into one window of each rolling rule, by the subject's clock. */
function fullest(set: RuleSet, admissions: readonly { readonly at: number; readonly costs: readonly number[] }[]) {
  return set.rules.flatMap((rule, index) => {
    if (rule.kind !== 'window') return []
    const units = admissions.map(({ at, costs }) => ({ at, cost: costs[index] as number }))
    return [{ rule, peak: peakOf(units, rule.length) }]
  })
}

/** Sets and calls that keep their windows full: what leaves too early then shows at once. */
const saturated = fc.constantFrom(1_000_000, 7_000_000, 60_000_000).chain((length) => {
  const rule = windowRule.map((drawn): WindowRule => {
    const limit = 1 + (drawn.limit % 20)
    const slots = drawn.span === 0 ? Math.max(1, limit - 1) : drawn.slots
    return { ...drawn, limit, slots, length, span: drawn.span === 0 ? 0 : length / slots, tick: 1 }
  })
  const wait = fc.oneof(fc.nat(length / 50), fc.nat(length / 8), fc.nat(length))
  const call = fc.record({ wait, kind: fc.constantFrom<'check' | 'reserve'>('check', 'reserve'), cost: fc.nat(3) })
  return fc.record({
    rules: fc.tuple(fc.array(rule, { minLength: 1, maxLength: 3 }), ruleSets({ penalties: false })),
    calls: fc.array(call, { minLength: 20, maxLength: 120 }),
  })
})

test('no rolling window holds more than its limit, whatever other limits it stands with, by either twin (law 1)', async () => {
  await fc.assert(
    fc.asyncProperty(saturated, async ({ rules: [windows, others], calls }) => {
      const set = { ...others, rules: [...windows, ...others.rules.filter(({ kind }) => kind === 'bucket')] }
      for (const twin of [new PureTwin(set), new LuaTwin(redis, set, { key: `law:${++keys}` })]) {
        const admissions: { at: number; costs: readonly number[] }[] = []
        let at = START
        for (const [index, { wait, kind, cost }] of calls.entries()) {
          at += wait
          const costs = set.rules.map(() => cost)
          const lease = `lease-${String(index).padStart(6, '0')}`
          if ((await twin.apply(at, { kind, costs, lease })).done) admissions.push({ at, costs })
        }
        for (const { rule, peak } of fullest(set, admissions)) expect(peak).toBeLessThanOrEqual(rule.limit)
      }
    }),
    { numRuns: RUNS },
  )
})
