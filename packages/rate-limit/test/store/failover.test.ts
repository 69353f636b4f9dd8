import { type RedisServer, startRedis } from '@granary/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  concurrency,
  createRateLimiter,
  type Decision,
  type RateLimiter,
  RateLimitUnavailable,
  window,
} from '../../src/index.ts'
import { limiterOn, pause, SILENT, until } from '../support/limiter.ts'
import { SteppedClock } from '../support/stepped-clock.ts'
import { Stopwatch } from '../support/stopwatch.ts'

const DEADLINE = 50
/** What the issue allows on top of the deadline. */
const SLACK = 20

let server: RedisServer
let limiters: RateLimiter[] = []

beforeEach(async () => {
  server = await startRedis()
})
afterEach(async () => {
  await Promise.all(limiters.map((limiter) => limiter.close()))
  limiters = []
  await server.stop()
})

/** A limiter as patient as a busy machine may need; tests about time say what they allow. */
async function limiterHere(options: Parameters<typeof limiterOn>[1] = {}): Promise<RateLimiter> {
  const limiter = limiterOn(server, { deadline: '10s', ...options })
  limiters.push(limiter)
  await limiter.ready()
  return limiter
}

function isAway(limiter: RateLimiter): Promise<void> {
  return until(() => limiter.health().state === 'local')
}

function isBack(limiter: RateLimiter): Promise<void> {
  return until(() => limiter.health().state === 'redis' && limiter.health().waiting === 0)
}

/** Many calls at once; how many were admitted, and the slowest in milliseconds. */
async function flood(check: () => Promise<Decision>, calls = 64) {
  const watch = new Stopwatch()
  const decisions = await Promise.all(Array.from({ length: calls }, () => watch.time(check)))
  return { admitted: decisions.filter(({ ok }) => ok).length, decisions, slowest: watch.stop() }
}

describe('time to the first decision (law 6)', () => {
  test('is at most the deadline when nothing ever listened at the address', async () => {
    await server.kill()
    const limiter = limiterOn(server)
    limiters.push(limiter)
    const set = limiter.define('user', { limits: { minute: window(10, '1m') } })
    const { admitted, slowest, decisions } = await flood(() => set.check('user:7'))
    expect(slowest).toBeLessThanOrEqual(DEADLINE + SLACK)
    expect(admitted).toBe(10)
    expect(decisions[0]).toMatchObject({ source: 'local', degraded: true })
  })

  test('is at most the deadline when the server freezes, and nothing once it is known to be frozen', async () => {
    const limiter = await limiterHere({ deadline: '50ms' })
    const set = limiter.define('user', { limits: { minute: window(1_000, '1m') } })
    await set.check('user:7')
    await server.pause()
    expect((await flood(() => set.check('user:7'))).slowest).toBeLessThanOrEqual(DEADLINE + SLACK)
    expect((await flood(() => set.check('user:7'))).slowest).toBeLessThanOrEqual(SLACK)
    await isAway(limiter)
    expect((await flood(() => set.check('user:7'))).slowest).toBeLessThanOrEqual(SLACK)
    await server.resume()
    await isBack(limiter)
    expect((await set.peek('user:7')).limits.minute?.remaining).toBeLessThanOrEqual(1_000 - 193)
  })

  test('is at most the deadline when the server is killed and comes back empty', async () => {
    const limiter = await limiterHere({ deadline: '50ms' })
    const set = limiter.define('user', { limits: { minute: window(100, '1m') } })
    for (let call = 0; call < 30; call++) await set.check('user:7')
    await server.kill()
    const { admitted, slowest } = await flood(() => set.check('user:7'), 30)
    expect({ admitted, fast: slowest <= DEADLINE + SLACK }).toEqual({ admitted: 30, fast: true })
    await server.restart()
    await isBack(limiter)
    const decision = await set.check('user:7')
    // 30 before, 30 meanwhile, and this one: nothing was forgotten, though the server knew of none.
    expect(decision).toMatchObject({ ok: true, source: 'redis', limits: { minute: { remaining: 39 } } })
  })

  test('is one round trip more when the server was flushed', async () => {
    const limiter = await limiterHere({ deadline: '50ms' })
    const set = limiter.define('user', { limits: { minute: window(100, '1m') } })
    for (let call = 0; call < 90; call++) await set.check('user:7')
    await server.command('FLUSHALL')
    const { admitted, slowest } = await flood(() => set.check('user:7'))
    expect({ admitted, fast: slowest <= DEADLINE + SLACK }).toEqual({ admitted: 10, fast: true })
  })
})

describe('without Redis', () => {
  test('a process has its part of what was left, and after a window its part of the limit', async () => {
    const limits = { minute: window(40, '1m') }
    const clock = new SteppedClock()
    const [one, two] = [await limiterHere({ clock }), await limiterHere({ clock })]
    await until(() => one.health().peers === 2 && two.health().peers === 2)
    const sets = [one, two].map((limiter) => limiter.define('user', { limits }))
    await Promise.all(sets.map((set) => flood(() => set.check('user:7'), 10)))
    await Promise.all(sets.map((set) => set.peek('user:7')))
    await server.kill()
    await Promise.all([isAway(one), isAway(two)])
    const meanwhile = await Promise.all(sets.map((set) => flood(() => set.check('user:7'), 40)))
    expect(meanwhile.map(({ admitted }) => admitted)).toEqual([10, 10])
    clock.jump(61_000)
    const later = await Promise.all(sets.map((set) => flood(() => set.check('user:7'), 40)))
    expect(later.map(({ admitted }) => admitted)).toEqual([20, 20])
  })

  test('a limit smaller than the number of processes is divided all the same: one of them has it', async () => {
    const both = [await limiterHere(), await limiterHere(), await limiterHere()]
    await until(() => both.every((limiter) => limiter.health().peers === 3))
    const sets = both.map((limiter) => limiter.define('user', { limits: { minute: window(1, '1m') } }))
    await server.kill()
    await Promise.all(both.map(isAway))
    for (const subject of ['a', 'b', 'c', 'd', 'e']) {
      const decisions = await Promise.all(sets.map((set) => set.check(subject)))
      expect(decisions.filter(({ ok }) => ok)).toHaveLength(1)
    }
  })

  test('processes are assumed to be as many as the options say until they were counted', async () => {
    await server.kill()
    const limiter = await limiterHere({ replicas: 4 })
    const set = limiter.define('user', { limits: { minute: window(40, '1m') } })
    expect((await flood(() => set.check('user:7'))).admitted).toBe(10)
  })

  test('places are divided too, and those that are held stay held', async () => {
    const limiter = await limiterHere()
    const set = limiter.define('key', { limits: { live: concurrency(2, { lease: '60s' }) } })
    const held = await set.reserve('key:1')
    await server.kill()
    await isAway(limiter)
    const local = await set.reserve('key:1')
    expect(local).toMatchObject({ ok: true, source: 'local' })
    expect((await set.reserve('key:1')).ok).toBe(false)
    if (held.ok) expect(await held.settle()).toBe(true)
    expect((await set.reserve('key:1')).ok).toBe(true)
  })

  test('an open set admits everything and counts it afterwards; a closed one refuses to decide', async () => {
    const limiter = await limiterHere()
    const open = limiter.define('open', { limits: { minute: window(10, '1m') }, onStoreFailure: 'open' })
    const closed = limiter.define('closed', { limits: { minute: window(10, '1m') }, onStoreFailure: 'closed' })
    await server.kill()
    await isAway(limiter)
    expect((await flood(() => open.check('user:7'), 30)).admitted).toBe(30)
    const failure = await closed.check('user:7').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RateLimitUnavailable)
    expect(failure).toMatchObject({ code: 'RATE_LIMIT_UNAVAILABLE' })
    await server.restart()
    await isBack(limiter)
    expect(await open.check('user:7')).toMatchObject({ ok: false, source: 'redis' })
    expect((await closed.check('user:7')).ok).toBe(true)
  })

  test('reset and block say that Redis did not take them', async () => {
    const limiter = await limiterHere()
    const set = limiter.define('user', { limits: { minute: window(10, '1m') } })
    await server.kill()
    await isAway(limiter)
    await expect(set.reset('user:7')).rejects.toBeInstanceOf(RateLimitUnavailable)
    await expect(set.block('user:7', '1m')).rejects.toBeInstanceOf(RateLimitUnavailable)
    expect(await set.check('user:7')).toMatchObject({ ok: false, reason: 'blocked', source: 'local' })
  })
})

describe('when Redis is back', () => {
  test('it is told what was admitted before it decides again', async () => {
    const lost: string[] = []
    const limiter = await limiterHere()
    limiter.on('store-lost', () => lost.push('lost'))
    limiter.on('store-returned', ({ handedOver }) => lost.push(`returned, ${handedOver} handed over`))
    const set = limiter.define('user', { limits: { minute: window(20, '1m') } })
    await set.check('user:7')
    await server.kill()
    await isAway(limiter)
    await flood(() => set.check('user:7'), 15)
    await flood(() => set.check('user:8'), 5)
    expect(limiter.health()).toMatchObject({ state: 'local', waiting: 2 })
    await server.restart()
    await isBack(limiter)
    expect((await set.peek('user:7')).limits.minute?.remaining).toBe(4)
    expect((await set.peek('user:8')).limits.minute?.remaining).toBe(15)
    expect(lost).toEqual(['lost', 'returned, 2 handed over'])
  })

  test('reservations of before, of meanwhile and of after are settled where they are', async () => {
    const limiter = await limiterHere({ deadline: '50ms' })
    const set = limiter.define('key', { limits: { tokens: window(1_000, '1m', { unit: 'tokens' }) } })
    const before = await set.reserve('key:1', { tokens: 100 })
    const alsoBefore = await set.reserve('key:1', { tokens: 100 })
    await server.pause()
    await set.check('key:1').catch(() => undefined)
    await isAway(limiter)
    const meanwhile = await set.reserve('key:1', { tokens: 100 })
    const alsoMeanwhile = await set.reserve('key:1', { tokens: 100 })
    if (!before.ok || !alsoBefore.ok || !meanwhile.ok || !alsoMeanwhile.ok) throw new Error('all of them fit')
    expect(await before.settle({ tokens: 10 })).toBe(true)
    expect(await meanwhile.settle({ tokens: 10 })).toBe(true)
    await server.resume()
    await isBack(limiter)
    expect(await alsoBefore.settle({ tokens: 10 })).toBe(true)
    expect(await alsoMeanwhile.settle({ tokens: 10 })).toBe(true)
    expect((await set.peek('key:1')).limits.tokens?.remaining).toBe(960)
  })

  test('a place that was taken meanwhile is held in Redis until it is given back', async () => {
    const limiter = await limiterHere()
    const set = limiter.define('key', { limits: { live: concurrency(1, { lease: '60s' }) } })
    await server.kill()
    await isAway(limiter)
    const held = await set.reserve('key:1')
    await server.restart()
    await isBack(limiter)
    expect(await set.reserve('key:1')).toMatchObject({ ok: false, source: 'redis' })
    if (held.ok) expect(await held.settle()).toBe(true)
    expect((await set.reserve('key:1')).ok).toBe(true)
  })

  test('a call that was counted too late to be waited for is not counted twice', async () => {
    const limiter = await limiterHere()
    const set = limiter.define('user', { limits: { minute: window(100, '1m') }, deadline: '20ms' })
    await set.check('user:7')
    await server.pause()
    const late = set.check('user:7')
    await pause(60)
    await server.resume()
    expect(await late).toMatchObject({ ok: true, source: 'local' })
    await isBack(limiter)
    expect((await set.peek('user:7')).limits.minute?.remaining).toBe(98)
  })
})

test('what a full server did not take is told when it has room again, though nobody calls', async () => {
  const limiter = await limiterHere()
  const set = limiter.define('user', { limits: { minute: window(20, '1m') } })
  await server.config.set('maxmemory', 1)
  expect(await set.check('user:7')).toMatchObject({ ok: true, source: 'local' })
  await until(() => limiter.health().waiting === 1)
  await pause(300)
  await until(() => limiter.health().waiting === 1)
  await server.config.set('maxmemory', 0)
  await isBack(limiter)
  expect((await set.peek('user:7')).limits.minute?.remaining).toBe(19)
})

test('a limiter says once that it lost Redis, in the log or as a warning of Node', async () => {
  const warnings: string[] = []
  const listen = (warning: Error) => warnings.push(warning.name)
  process.on('warning', listen)
  const messages: string[] = []
  const logger = { ...SILENT, warn: (_: object, message: string) => messages.push(message) }
  const loud = await limiterHere({ logger })
  const quiet = createRateLimiter({ redis: server.url, namespace: 'other' })
  limiters.push(quiet)
  await quiet.ready()
  await server.kill()
  await Promise.all([isAway(loud), isAway(quiet)])
  await pause(300)
  process.off('warning', listen)
  expect(messages).toEqual(['The rate limiter lost Redis: limit sets now follow their onStoreFailure.'])
  expect(warnings).toEqual(['GranaryWarning'])
})
