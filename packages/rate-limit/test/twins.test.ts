import { type RedisServer, startRedis } from '@granary/testing'
import * as fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ruleSets, START, steps } from './support/arbitraries.ts'
import { History } from './support/history.ts'
import { clientOf } from './support/limiter.ts'
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
    test(`any history gets the same outcomes from both${penalties ? ', penalties included' : ''}`, async () => {
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
