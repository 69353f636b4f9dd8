import { ManualClock, type RedisServer, startRedis, startRedisCluster } from '@granary/testing'
import * as fc from 'fast-check'
import { Cluster, type Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import {
  bucket,
  concurrency,
  createRateLimiter,
  type LimitSetOptions,
  quota,
  type Reservation,
  window,
} from '../../src/index.ts'
import { clientOf, limiterOn, SILENT } from '../support/limiter.ts'
import { SteppedClock } from '../support/stepped-clock.ts'
import { peakOf, poisson } from '../support/streams.ts'

function inMemory<Name extends string>(options: LimitSetOptions<Name>) {
  const clock = new ManualClock()
  const limiter = createRateLimiter({ clock })
  return { clock, set: limiter.define<Name>('everybody', options) }
}

/** Sends calls at their times, in milliseconds, and answers with those that were admitted. */
async function admissions(
  { clock, set }: ReturnType<typeof inMemory<'rate'>>,
  calls: readonly { at: number; cost: number }[],
) {
  const admitted: { at: number; cost: number }[] = []
  let now = 0
  for (const { at, cost } of calls) {
    clock.advance(at - now)
    now = at
    if ((await set.check('all', { rate: cost })).ok) admitted.push({ at, cost })
  }
  return admitted
}

describe('a subject in shards', () => {
  test('never admits more than its limit in any window, whatever comes when', async () => {
    const drawn = fc.record({
      shards: fc.constantFrom(1, 2, 3, 8),
      part: fc.integer({ min: 1, max: 5 }),
      exact: fc.boolean(),
      waits: fc.array(fc.tuple(fc.oneof(fc.nat(20), fc.nat(2_000)), fc.integer({ min: 1, max: 3 })), {
        maxLength: 150,
      }),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ shards, part, exact, waits }) => {
        let at = 0
        const calls = waits.map(([wait, cost]) => {
          at += wait
          return { at, cost }
        })
        const rate = window(shards * part, '1s', { exact })
        const admitted = await admissions(inMemory({ limits: { rate }, shards }), calls)
        expect(peakOf(admitted, 1_000)).toBeLessThanOrEqual(shards * part)
      }),
    )
  })

  test('gives up little: at twice the rate it admits nine tenths of what one key does', async () => {
    const calls = poisson(2 / 10, 60_000, 7).map((at) => ({ at, cost: 1 }))
    const rate = window(800, '8s')
    const whole = await admissions(inMemory({ limits: { rate } }), calls)
    const split = await admissions(inMemory({ limits: { rate }, shards: 8 }), calls)
    expect(split.length / whole.length).toBeGreaterThan(0.9)
  })

  test('uses every unit when calls come one after another', async () => {
    const { set } = inMemory({ limits: { rate: window(64, '1m') }, shards: 16 })
    for (let call = 0; call < 64; call++) expect((await set.check('all')).ok).toBe(true)
    expect(await set.check('all')).toMatchObject({ ok: false, violated: ['rate'], limits: { rate: { limit: 64 } } })
  })

  test('says for how many units it stands, and estimates what is left of them', async () => {
    const { set } = inMemory({
      limits: { rate: window(100, '1m'), burst: bucket({ rate: 8, per: '1s', burst: 40 }) },
      shards: 4,
    })
    expect(await set.peek('all')).toMatchObject({
      limits: { rate: { limit: 100, remaining: 100 }, burst: { limit: 40, remaining: 40, windowMs: 5_000 } },
    })
    expect((await set.check('all')).limits.rate?.remaining).toBe(96)
  })

  test('refills a bucket at the rate of the whole', async () => {
    const { clock, set } = inMemory({ limits: { rate: bucket({ rate: 8, per: '1s', burst: 8 }) }, shards: 4 })
    const drain = async () => {
      let admitted = 0
      for (let call = 0; call < 40; call++) if ((await set.check('all')).ok) admitted += 1
      return admitted
    }
    expect(await drain()).toBe(8)
    clock.advance(1_000)
    expect(await drain()).toBe(8)
  })

  test('a call that costs more than a part can never pass, and is told so', async () => {
    const { set } = inMemory({ limits: { tokens: window(1_000, '1m', { unit: 'tokens' }) }, shards: 4 })
    expect(await set.check('all', { tokens: 250 })).toMatchObject({ ok: true })
    expect(await set.check('all', { tokens: 251 })).toMatchObject({ ok: false, retryAfterMs: Number.POSITIVE_INFINITY })
  })

  test('a plan of a subject is divided too, and rounded down', async () => {
    const { set } = inMemory({
      limits: { rate: window(8, '1m'), burst: bucket({ rate: 4, per: '1s', burst: 4 }) },
      shards: 4,
      plan: () => ({ rate: 43, burst: bucket({ rate: 100, per: '1s', burst: 400 }) }),
    })
    expect((await set.peek('all')).limits).toMatchObject({
      rate: { limit: 40 },
      burst: { limit: 400, windowMs: 4_000 },
    })
  })

  test.each([
    [
      'a limit that does not divide',
      { limits: { rate: window(10, '1s') }, shards: 4 },
      /shards: 4.*'rate' is 10: use 8 or 12/s,
    ],
    [
      'a bucket that does not divide',
      { limits: { rate: bucket({ rate: 10, per: '1s', burst: 10 }) }, shards: 4 },
      /'rate' is 10/,
    ],
    ['no number of shards', { limits: { rate: window(10, '1s') }, shards: 0 }, /shards: 0.*from 1 to 64/s],
    [
      'a penalty beside it',
      { limits: { rate: window(10, '1s') }, shards: 2, penalty: { after: 1, first: '1s', max: '1m' } },
      /shards: 2.*penalty/s,
    ],
  ] as const)('refuses %s', (_, options, message) => {
    expect(() => inMemory(options as LimitSetOptions)).toThrow(message)
  })
})

describe('in Redis', () => {
  let server: RedisServer
  let redis: Redis

  beforeAll(async () => {
    server = await startRedis()
    redis = clientOf(server)
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })
  beforeEach(async () => {
    await redis.flushall()
  })

  async function define<Name extends string>(options: LimitSetOptions<Name>) {
    const limiter = limiterOn(server, { deadline: '30s', clock: new SteppedClock() })
    onTestFinished(() => limiter.close())
    await limiter.ready()
    return limiter.define<Name>('everybody', options)
  }

  test('each shard is a key of its own, and a call is counted by one of them', async () => {
    const set = await define({ limits: { day: quota(80, { every: 'day' }) }, shards: 8 })
    for (let call = 0; call < 8; call++) expect((await set.check('all')).ok).toBe(true)
    expect(await redis.keys('test:rl:everybody:*')).toHaveLength(8)
    expect((await set.peek('all')).limits.day?.remaining, 'spread evenly').toBe(72)
  })

  test('several processes together admit the limit and no more', async () => {
    const sets = await Promise.all(
      [1, 2, 3].map(() => define({ limits: { day: quota(96, { every: 'day' }) }, shards: 4 })),
    )
    const decisions = await Promise.all(
      Array.from({ length: 300 }, (_, call) => (sets[call % 3] as (typeof sets)[number]).check('all')),
    )
    expect(decisions.filter(({ ok }) => ok)).toHaveLength(96)
  })

  test('a refusal is remembered for each shard, and forgotten when units come back to it', async () => {
    const set = await define({ limits: { day: quota(4, { every: 'day' }) }, shards: 4 })
    const reservations: Reservation<'day'>[] = []
    for (let call = 0; call < 4; call++) reservations.push((await set.reserve('all')) as Reservation<'day'>)
    await set.check('all')
    await set.check('all')
    expect((await set.check('all')).source).toBe('remembered')
    await reservations[2]?.cancel()
    expect((await set.check('all')).ok).toBe(true)
    expect((await set.check('all')).ok).toBe(false)
  })

  test('places are held in shards, and given back to the one they came from', async () => {
    const set = await define({ limits: { places: concurrency(4, { lease: '1m' }) }, shards: 2 })
    const held = await Promise.all([1, 2, 3, 4].map(() => set.reserve('all')))
    expect(held.every(({ ok }) => ok)).toBe(true)
    expect((await set.reserve('all')).ok).toBe(false)
    await (held[1] as Reservation).settle()
    expect((await set.reserve('all')).ok).toBe(true)
    expect((await set.reserve('all')).ok).toBe(false)
  })

  test('a block refuses in every shard, and a reset forgets all of them', async () => {
    const set = await define({ limits: { day: quota(8, { every: 'day' }) }, shards: 8 })
    await set.block('all', '1h')
    for (let call = 0; call < 8; call++) expect(await set.check('all')).toMatchObject({ ok: false, reason: 'blocked' })
    await set.unblock('all')
    for (let call = 0; call < 8; call++) expect((await set.check('all')).ok).toBe(true)
    expect((await set.check('all')).ok).toBe(false)
    await set.reset('all')
    for (let call = 0; call < 8; call++) expect((await set.check('all')).ok).toBe(true)
  })
})

test('in a cluster the shards of one subject are spread over the masters', async () => {
  const servers = await startRedisCluster({ masters: 3, replicas: 0 })
  onTestFinished(() => servers.stop())
  const client = new Cluster(servers.addresses)
  onTestFinished(() => client.disconnect())
  const limiter = createRateLimiter({ redis: client, namespace: 'test', logger: SILENT, deadline: '5s' })
  onTestFinished(() => limiter.close())
  await limiter.ready()
  const set = limiter.define('everybody', { limits: { rate: window(1_600, '1h') }, shards: 16 })
  for (let call = 0; call < 64; call++) expect(await set.check('all')).toMatchObject({ ok: true, source: 'redis' })
  const counts = await Promise.all(client.nodes('master').map((node) => node.dbsize()))
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(16)
  expect(Math.min(...counts)).toBeGreaterThan(0)
})
