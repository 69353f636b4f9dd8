import { type RedisServer, startFaultProxy, startRedis } from '@granary/testing'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  bucket,
  concurrency,
  fixedWindow,
  type LimitSet,
  type LimitSetOptions,
  quota,
  type RateLimiter,
  window,
} from '../src/index.ts'
import { clientOf, limiterOn, pause } from './support/limiter.ts'
import { SteppedClock } from './support/stepped-clock.ts'

let server: RedisServer
let redis: Redis
let limiter: RateLimiter
let names = 0

beforeAll(async () => {
  server = await startRedis()
  redis = clientOf(server)
  limiter = limiterOn(server, { deadline: '30s' })
  await limiter.ready()
})
afterAll(async () => {
  await limiter.close()
  redis.disconnect()
  await server.stop()
})
beforeEach(async () => {
  await server.command('FLUSHALL')
})

const FIVE = {
  burst: bucket({ rate: 1, per: '10s', burst: 50 }),
  minute: window(60, '1m'),
  day: quota(2_000, { every: 'day', timeZone: 'Europe/Berlin' }),
  hour: fixedWindow(1_000, '1h'),
  tokens: window(90_000, '1m', { unit: 'tokens' }),
}

function define<Name extends string>(options: Parameters<typeof limiter.define<Name>>[1]): LimitSet<Name> {
  return limiter.define<Name>(`set${++names}`, options)
}

/** The key of the only subject there is. */
async function onlyKey(): Promise<string> {
  const keys = (await redis.keys('test:rl:set*')) as string[]
  expect(keys).toHaveLength(1)
  return keys[0] as string
}

describe('all limits of a subject', () => {
  test('are decided in one round trip, and live under one key that expires (laws 3 and 12)', async () => {
    const set = define({ limits: FIVE })
    await set.check('warm-up', { tokens: 10 })
    await server.command('FLUSHALL')
    await set.check('user:7', { tokens: 10 })
    const monitor = await server.monitor()
    const decision = await set.check('user:7', { tokens: 800 })
    expect((await monitor.commands()).map(({ name }) => name)).toEqual(['EVALSHA'])
    expect(Object.values(decision.limits).map((limit) => limit?.remaining)).toEqual([48, 58, 1_998, 998, 89_190])
    const ttl = await redis.pttl(await onlyKey())
    expect(ttl).toBeGreaterThan(60_000)
    monitor.stop()
  })

  test('are not written by a call that is refused (law 3)', async () => {
    const set = define({ limits: { ...FIVE, few: window(2, '1m') } })
    for (let call = 0; call < 2; call++)
      expect(await set.check('user:7', { tokens: 40_000 })).toMatchObject({ ok: true })
    const key = await onlyKey()
    const before = await redis.getBuffer(key)
    const changes = async () => Number(/rdb_changes_since_last_save:(\d+)/.exec(await redis.info('persistence'))?.[1])
    const written = await changes()
    expect(written).toBeGreaterThan(0)
    const refused = await set.check('user:7', { tokens: 40_000 })
    expect(refused).toMatchObject({ ok: false, violated: ['tokens', 'few'], reason: 'limit', source: 'redis' })
    expect(await redis.getBuffer(key)).toEqual(before)
    expect(await changes()).toBe(written)
  })

  test('charge nothing anywhere when one refuses, so nothing leaks from the longer limits (law 3)', async () => {
    const set = define({ limits: { minute: window(2, '1m'), day: window(1_000, '1d') } })
    for (let call = 0; call < 10; call++) await set.check('user:7')
    const { limits } = await set.peek('user:7')
    expect(limits.day?.remaining).toBe(998)
  })

  test('leave no debt behind a large call that was refused', async () => {
    const set = define({ limits: { tokens: window(10, '1m') } })
    const admitted: boolean[] = []
    for (const tokens of [9, 5, 1, 1, 1]) admitted.push((await set.check('user:7', { tokens })).ok)
    expect(admitted).toEqual([true, false, true, false, false])
  })
})

test('five limits are one round trip on the wire, and settling them is another', async () => {
  const proxy = await startFaultProxy({ target: server })
  const near = limiterOn(server, { redis: proxy.url, deadline: '5s' })
  await near.ready()
  const set = near.define('wired', { limits: FIVE })
  await set.check('user:7', { tokens: 1 })
  const wire = async (call: () => Promise<unknown>) => {
    proxy.forget()
    await call()
    const commands = proxy.commands.filter(({ name }) => name !== 'EVAL') // the heartbeat, should it beat just now
    return {
      commands: commands.map(({ name }) => name),
      trips: proxy.roundTrips() - (proxy.commands.length - commands.length),
    }
  }
  const one = { commands: ['EVALSHA'], trips: 1 }
  expect(await wire(() => set.check('user:7', { tokens: 10 }))).toEqual(one)
  expect(await wire(() => set.check('user:8', { tokens: 10 }))).toEqual(one)
  const reservation = await set.reserve('user:7', { tokens: 10 })
  if (!reservation.ok) throw new Error('there is room')
  expect(await wire(() => reservation.settle({ tokens: 7 }))).toEqual(one)
  expect(await wire(() => set.check('user:7', { tokens: 100_000 }))).toEqual(one)
  await near.close()
  await proxy.stop()
})

describe('a key', () => {
  test('outlives what it holds by little, whatever was done', async () => {
    const set = define({ limits: { window: window(5, '1s'), live: concurrency(3, { lease: '2s' }) } })
    let began = performance.now()
    const sinceThen = () => performance.now() - began
    const reservation = await set.reserve('user:7')
    const key = await onlyKey()
    expect((await redis.pttl(key)) + sinceThen()).toBeGreaterThan(2_000)
    expect(await redis.pttl(key)).toBeLessThanOrEqual(2_070)
    if (reservation.ok) await reservation.settle()
    began = performance.now()
    await set.block('user:7', '5s')
    expect((await redis.pttl(key)) + sinceThen()).toBeGreaterThan(4_900)
    expect(await redis.pttl(key)).toBeLessThanOrEqual(5_070)
  })

  test('is a fraction of a kilobyte for one window, and grows with use up to its slots', async () => {
    const set = define({ limits: { minute: window(1_000_000, '1s') } })
    await set.check('user:7')
    const key = await onlyKey()
    expect(await redis.strlen(key)).toBeLessThanOrEqual(80)
    const end = performance.now() + 1_500
    while (performance.now() < end) await set.check('user:7')
    expect(await redis.strlen(key)).toBeLessThanOrEqual(80 + 16 * 8)
  })

  test('that another program uses is a failure of the store; a text in its place counts as a subject never seen', async () => {
    const set = define({ limits: { minute: window(2, '1m') } })
    await set.check('user:7')
    const key = await onlyKey()
    await redis.del(key)
    await redis.rpush(key, 'mine')
    expect(await set.check('user:7')).toMatchObject({ ok: true, source: 'local', degraded: true })
    await redis.del(key)
    await redis.set(
      key,
      'no packed subject at all, and long enough to be taken for one: it has more bytes than a front region',
    )
    expect(await set.check('user:7')).toMatchObject({ ok: true, source: 'redis' })
    expect(limiter.health().state).toBe('redis')
  })
})

describe('the script', () => {
  test('is sent again when the server has forgotten it, within the same call', async () => {
    const set = define({ limits: { minute: window(5, '1m') } })
    await set.check('user:7')
    await server.command('SCRIPT', 'FLUSH')
    expect(await set.check('user:7')).toMatchObject({ source: 'redis', limits: { minute: { remaining: 3 } } })
  })
})

describe('memory of refusals', () => {
  const clock = new SteppedClock()
  let patient: RateLimiter
  const define = <Name extends string>(options: LimitSetOptions<Name>) => patient.define<Name>(`set${++names}`, options)

  beforeAll(async () => {
    patient = limiterOn(server, { clock, deadline: '30s' })
    await patient.ready()
  })
  afterAll(() => patient.close())

  test('answers a refused subject without asking Redis again, for a second at most', async () => {
    const set = define({ limits: { minute: window(1, '1m') } })
    await set.check('user:7')
    const first = await set.check('user:7')
    clock.jump(900)
    const monitor = await server.monitor()
    const second = await set.check('user:7')
    expect(second).toMatchObject({ ok: false, source: 'remembered', violated: ['minute'] })
    expect(second.retryAfterMs).toBeLessThan(first.retryAfterMs)
    const asked = (await monitor.commands()).filter(({ args }) => args.some((arg) => arg.includes(`:${set.name}:`)))
    expect(asked).toEqual([])
    clock.jump(101)
    expect(await set.check('user:7')).toMatchObject({ ok: false, source: 'redis' })
    monitor.stop()
  })

  test('never answers a smaller call than the one that was refused', async () => {
    const set = define({ limits: { tokens: window(10, '1m', { unit: 'tokens' }) } })
    await set.check('user:7', { tokens: 8 })
    expect(await set.check('user:7', { tokens: 5 })).toMatchObject({ ok: false, source: 'redis' })
    expect(await set.check('user:7', { tokens: 6 })).toMatchObject({ ok: false, source: 'remembered' })
    expect(await set.check('user:7', { tokens: 2 })).toMatchObject({ ok: true, source: 'redis' })
  })

  test('ends with a refund, a reset and the end of a block', async () => {
    const set = define({ limits: { minute: window(1, '1m') } })
    const reservation = await set.reserve('user:7')
    expect((await set.check('user:7')).ok).toBe(false)
    if (reservation.ok) await reservation.cancel()
    expect(await set.check('user:7')).toMatchObject({ ok: true })
    expect((await set.check('user:7')).ok).toBe(false)
    await set.reset('user:7')
    expect(await set.check('user:7')).toMatchObject({ ok: true })
    await set.block('user:8', '1h')
    expect(await set.check('user:8')).toMatchObject({ ok: false, reason: 'blocked', violated: [] })
    expect(await set.check('user:8')).toMatchObject({ ok: false, source: 'remembered' })
    await set.unblock('user:8')
    expect(await set.check('user:8')).toMatchObject({ ok: true })
  })

  test('ends when the plan of the subject changes, and holds as long as the plan is the same', async () => {
    const plans = { small: { tokens: 10 }, large: { tokens: 1_000 } }
    let plan: keyof typeof plans = 'small'
    const set = define({ limits: { tokens: window(5, '1m', { unit: 'tokens' }) }, plan: () => plans[plan] })
    const check = () => set.check('user:7', { tokens: 50 })
    expect(await check()).toMatchObject({ ok: false, source: 'redis' })
    expect(await check()).toMatchObject({ ok: false, source: 'remembered' })
    plan = 'large'
    expect(await check()).toMatchObject({ ok: true, source: 'redis' })
  })

  test('sees each refusal that counts towards a penalty', async () => {
    const set = define({ limits: { minute: window(1, '1m') }, penalty: { after: 3, first: '10m', max: '1h' } })
    await set.check('user:7')
    const reasons: (string | number)[] = []
    for (let call = 0; call < 4; call++) {
      const decision = await set.check('user:7')
      reasons.push(decision.reason)
    }
    expect(reasons).toEqual(['limit', 'limit', 'blocked', 'blocked'])
    const { retryAfterMs } = await set.check('user:7')
    expect(retryAfterMs).toBeGreaterThan(590_000)
  })
})

describe('data that Redis lost', () => {
  test('is restored by each process from what it used itself, before it decides again', async () => {
    const set = define({ limits: { minute: window(10, '1m') } })
    const other = limiterOn(server, { deadline: '30s' })
    const twin = other.define(set.name, { limits: set.limits })
    for (let call = 0; call < 4; call++) await set.check('user:7')
    for (let call = 0; call < 5; call++) await twin.check('user:7')
    await server.command('FLUSHALL')
    expect(await set.check('user:7')).toMatchObject({ ok: true, limits: { minute: { remaining: 5 } } })
    expect(await twin.check('user:7')).toMatchObject({ ok: false, source: 'redis' })
    expect((await set.peek('user:7')).limits.minute?.remaining).toBe(0)
    await other.close()
  })

  test('is not what a reset forgot: no process brings that back', async () => {
    const set = define({ limits: { minute: window(10, '1m'), month: quota(100, { every: 'month' }) } })
    const other = limiterOn(server, { deadline: '30s' })
    const twin = other.define(set.name, { limits: set.limits })
    for (let call = 0; call < 5; call++) {
      await set.check('user:7')
      await twin.check('user:7')
    }
    await set.reset('user:7')
    await pause(150)
    expect(await twin.check('user:7')).toMatchObject({
      ok: true,
      limits: { minute: { remaining: 9 }, month: { remaining: 99 } },
    })
    expect(await set.check('user:7')).toMatchObject({ ok: true, limits: { minute: { remaining: 8 } } })
    // What came after the reset is brought back as ever.
    await server.command('FLUSHALL')
    await twin.check('user:7')
    expect(await set.check('user:7')).toMatchObject({ ok: true, limits: { minute: { remaining: 6 } } })
    await other.close()
  })

  test('leaves a settlement without its references: the place is given back, and the cost stands', async () => {
    const set = define({
      limits: { tokens: window(100, '1m', { unit: 'tokens' }), live: concurrency(1, { lease: '60s' }) },
    })
    const held = await set.reserve('user:7', { tokens: 60 })
    await server.command('FLUSHALL')
    expect(await set.reserve('user:7')).toMatchObject({ ok: false, violated: ['live'] })
    if (held.ok) expect(await held.settle({ tokens: 10 })).toBe(true)
    expect((await set.peek('user:7')).limits).toMatchObject({ tokens: { remaining: 40 }, live: { remaining: 1 } })
  })

  test('includes places: a holder whose lease was lost has it again', async () => {
    const set = define({ limits: { live: concurrency(2, { lease: '60s' }) } })
    const held = await set.reserve('user:7')
    const other = await set.reserve('user:7')
    await server.command('FLUSHALL')
    if (held.ok) expect(await held.renew()).toBe(true)
    if (other.ok) expect(await other.renew()).toBe(true)
    expect((await set.reserve('user:7')).ok).toBe(false)
  })

  test('that was lost by eviction of a calendar quota stays used', async () => {
    const set = define({ limits: { month: quota(5, { every: 'month' }) } })
    for (let call = 0; call < 5; call++) await set.check('user:7')
    await redis.del(await onlyKey())
    expect(await set.check('user:7')).toMatchObject({ ok: false, violated: ['month'] })
  })
})
