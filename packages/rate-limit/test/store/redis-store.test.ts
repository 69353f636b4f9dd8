import { ManualClock, type RedisServer, startRedis } from '@granary/testing'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { concurrency, window } from '../../src/index.ts'
import { resolveLimitSet } from '../../src/limiter/options.ts'
import type { Line } from '../../src/store/link.ts'
import { RedisStore } from '../../src/store/redis-store.ts'
import { StoreFailure } from '../../src/store/store-failure.ts'
import { clientOf } from '../support/limiter.ts'

let server: RedisServer
let client: Redis

beforeAll(async () => {
  server = await startRedis()
  client = clientOf(server)
})
afterAll(async () => {
  client.disconnect()
  await server.stop()
})

test('a process forgets what it did to subjects that went idle, and keeps no timer for them (law 12)', async () => {
  const clock = new ManualClock()
  const store = new RedisStore({ clock, maxSubjects: 100_000, onLate: () => {} })
  const call: Line['call'] = (command, args) =>
    client.callBuffer(command, args as string[]).catch((error: unknown) => {
      throw StoreFailure.from(error)
    })
  const line: Line = { epoch: 1, call }
  const limits = { minute: window(5, '1m'), live: concurrency(3, { lease: '30s' }) }
  const resolved = resolveLimitSet('idle', { limits }, { onStoreFailure: 'local', deadline: '50ms' })
  const { set, script, deadline, onFailure } = resolved
  const target = (subject: number) => ({ key: `idle:${subject}`, set, script, planned: false, deadline, onFailure })
  const SUBJECTS = 20_000
  for (let from = 0; from < SUBJECTS; from += 500) {
    const calls = Array.from({ length: 500 }, async (_, index) => {
      const lease = `lease-${String(from + index).padStart(6, '0')}`
      await store.apply(line, target(from + index), { kind: 'reserve', costs: [1, 1], lease })
    })
    await Promise.all(calls)
  }
  expect(store.shareOf('idle:7')?.birth).toBeGreaterThan(0)
  expect(clock.pending).toBe(1)
  clock.advance(70_000)
  // A map that held anything would have a timer for its end.
  expect(clock.pending).toBe(0)
  expect(store.shareOf('idle:7')).toBeUndefined()
})
