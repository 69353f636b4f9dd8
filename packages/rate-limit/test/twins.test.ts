import { type RedisServer, startRedis } from '@granary/testing'
import * as fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Operation } from '../src/rule/operation.ts'
import type { RuleSet } from '../src/rule/subject.ts'
import { ruleSets, START, steps } from './support/arbitraries.ts'
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

const RUNS = Number(process.env['GRANARY_TWIN_RUNS'] ?? 150)

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

const CHARGES: ReadonlySet<string> = new Set(['check', 'reserve'])

test('no rolling window holds more than its limit, whatever other limits it stands with, by either twin (law 1)', async () => {
  const calls = steps.map((history) => history.filter(({ kind }) => CHARGES.has(kind) || kind === 'peek'))
  await fc.assert(
    fc.asyncProperty(ruleSets({ penalties: true }), calls, async (set, history) => {
      const twins = [new PureTwin(set), new LuaTwin(redis, set, { key: `law:${++keys}` })]
      for (const twin of twins) {
        const told = new History(set)
        const admissions: { at: number; costs: readonly number[] }[] = []
        let at = START
        for (const step of history) {
          at += step.wait
          const operation = told.operation(step, 0) as Operation & { readonly costs: readonly number[] }
          const { done, now } = await twin.apply(at, operation)
          if (done && CHARGES.has(operation.kind)) admissions.push({ at: now, costs: operation.costs })
        }
        for (const { rule, peak } of fullest(set, admissions)) expect(peak).toBeLessThanOrEqual(rule.limit)
      }
    }),
    { numRuns: RUNS },
  )
})
