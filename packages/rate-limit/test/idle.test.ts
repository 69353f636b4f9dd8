import { type RedisServer, startRedis } from '@granary/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bucket, concurrency, fixedWindow, type RateLimiter, window } from '../src/index.ts'
import { limiterOn, until } from './support/limiter.ts'

/** `GRANARY_LONG=1` uses a million subjects, as law 12 says. */
const SUBJECTS = process.env['GRANARY_LONG'] === '1' ? 1_000_000 : 20_000

let server: RedisServer
let limiter: RateLimiter

beforeAll(async () => {
  server = await startRedis()
  limiter = limiterOn(server, { deadline: '10s', maxSubjects: SUBJECTS })
  await limiter.ready()
})
afterAll(async () => {
  await limiter.close()
  await server.stop()
})
beforeEach(async () => {
  await server.command('FLUSHALL')
})

/** Keys of subjects; the heartbeat is none. */
async function keysLeft(): Promise<number> {
  const size = Number(await server.command('DBSIZE'))
  return size - Number(await server.command('EXISTS', 'test:rl:peers'))
}

test('a subject that has been idle for a window leaves nothing behind in Redis, whatever its limits (law 12)', async () => {
  const set = limiter.define('many', {
    limits: { window: window(5, '1s'), clock: fixedWindow(5, '1s'), burst: bucket({ rate: 5, per: '1s', burst: 5 }) },
  })
  for (let from = 0; from < SUBJECTS; from += 500) {
    await Promise.all(Array.from({ length: 500 }, (_, index) => set.check(`user:${from + index}`)))
  }
  await until(async () => (await keysLeft()) === 0, 60_000)
})

test('places that were taken and given back, cancelled or abandoned are all free after the lease, and the keys are gone (law 5)', async () => {
  const set = limiter.define('places', { limits: { live: concurrency(10, { lease: '1s' }) } })
  const cycle = async (index: number) => {
    const place = await set.reserve(`user:${index % 1_000}`)
    expect(place.ok).toBe(true)
    if (place.ok && index % 3 === 0) await place.settle()
    else if (place.ok && index % 3 === 1) await place.cancel()
  }
  for (let from = 0; from < 10_000; from += 250) {
    await Promise.all(Array.from({ length: 250 }, (_, index) => cycle(from + index)))
  }
  await until(async () => (await set.peek('user:2')).limits.live?.remaining === 10)
  await until(async () => (await keysLeft()) === 0)
})

test('places that were abandoned are free after their lease, though their subject is never idle (law 5)', async () => {
  const set = limiter.define('busy', { limits: { live: concurrency(5, { lease: '500ms' }) } })
  for (let place = 0; place < 4; place++) expect((await set.reserve('user')).ok).toBe(true)
  const begun = (await set.peek('user')).at
  for (let now = begun; now < begun + 700; ) {
    const place = await set.reserve('user')
    now = place.at
    if (place.ok) await place.settle()
  }
  expect((await set.peek('user')).limits.live?.remaining).toBe(5)
})
