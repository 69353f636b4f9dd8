import { digestText } from '@granary/serialization'
import { ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import {
  bucket,
  concurrency,
  createRateLimiter,
  fixedWindow,
  LIMITS,
  type LimitSetOptions,
  PLANS,
  quota,
  RateLimitExceeded,
  RateLimiterClosed,
  window,
} from '../../src/index.ts'
import { subjectKeys } from '../../src/limiter/subject-key.ts'

function inMemory<Name extends string>(options: LimitSetOptions<Name>, extra: { maxSubjects?: number } = {}) {
  const clock = new ManualClock()
  const limiter = createRateLimiter({ clock, ...extra })
  return { clock, limiter, set: limiter.define<Name>('test', options) }
}

async function admitted(check: () => Promise<{ ok: boolean }>, calls: number): Promise<number> {
  let count = 0
  for (let call = 0; call < calls; call++) if ((await check()).ok) count += 1
  return count
}

describe('without Redis', () => {
  test('a window opens again when its units leave it, one after another', async () => {
    const { clock, set } = inMemory({ limits: { login: window(2, '15m', { exact: true }) } })
    expect(await set.check('ip')).toMatchObject({
      ok: true,
      source: 'memory',
      limits: { login: { limit: 2, remaining: 1 } },
    })
    clock.advance(60_000)
    await set.check('ip')
    const refused = await set.check('ip')
    expect(refused).toMatchObject({ ok: false, violated: ['login'], retryAfterMs: 14 * 60_000, reason: 'limit' })
    clock.advance(14 * 60_000 - 1)
    expect((await set.check('ip')).ok).toBe(false)
    clock.advance(1)
    expect((await set.check('ip')).ok).toBe(true)
    expect(await set.check('ip')).toMatchObject({ ok: false, retryAfterMs: 60_000 })
  })

  // A timer of more than 2^31 ms fires at once, and a limit that rests on one is none.
  test.each([
    ['rolling', window(1, '30d')],
    ['exact', window(1, '30d', { exact: true })],
    ['fixed', fixedWindow(1, '3650d')],
    ['monthly', quota(1, { every: 'month' })],
    ['trickling', bucket({ rate: 1, per: '30d', burst: 1 })],
  ])('a %s limit of more than 24.8 days holds (law 11)', async (_, limit) => {
    const { clock, set } = inMemory({ limits: { limit } })
    expect((await set.check('user')).ok).toBe(true)
    for (const wait of [20, 86_400_000, 25 * 86_400_000]) {
      clock.advance(wait)
      expect((await set.check('user')).ok).toBe(false)
    }
    clock.advance(3_650 * 86_400_000)
    expect((await set.check('user')).ok).toBe(true)
  })

  test('subjects that went idle leave nothing behind, not even a timer (law 12)', async () => {
    const { clock, limiter } = inMemory({ limits: { minute: window(5, '1m') } }, { maxSubjects: 200_000 })
    const set = limiter.define('many', { limits: { minute: window(5, '1m') } })
    const before = clock.pending
    for (let subject = 0; subject < 100_000; subject++) await set.check(`user:${subject}`)
    expect(clock.pending).toBe(before + 1)
    clock.advance(70_000)
    expect(clock.pending).toBe(0)
  })

  test('the subject seen longest ago goes first when there are too many', async () => {
    const { set } = inMemory({ limits: { minute: window(1, '1m') } }, { maxSubjects: 2 })
    for (const subject of ['a', 'b', 'a', 'c']) await set.check(subject)
    expect((await set.peek('c')).ok).toBe(false)
    expect((await set.peek('b')).ok).toBe(false)
    expect((await set.peek('a')).ok).toBe(true)
  })
})

describe('a call', () => {
  test('costs one of each limit on requests and nothing of other units, unless it says so', async () => {
    const { set } = inMemory({ limits: { minute: window(10, '1m'), tokens: window(1_000, '1m', { unit: 'tokens' }) } })
    expect((await set.check('key')).limits).toMatchObject({
      minute: { remaining: 9 },
      tokens: { remaining: 1_000, unit: 'tokens' },
    })
    expect((await set.check('key', { tokens: 300 })).limits).toMatchObject({
      minute: { remaining: 8 },
      tokens: { remaining: 700 },
    })
    expect((await set.check('key', { minute: 0, tokens: 1 })).limits).toMatchObject({ minute: { remaining: 8 } })
  })

  test('that costs more than the whole limit is refused for ever', async () => {
    const { set } = inMemory({ limits: { tokens: window(10, '1m', { unit: 'tokens' }) } })
    expect(await set.check('key', { tokens: 11 })).toMatchObject({ ok: false, retryAfterMs: Number.POSITIVE_INFINITY })
  })

  test('is only tried by peek', async () => {
    const { set } = inMemory({ limits: { minute: window(1, '1m') } })
    expect(await admitted(() => set.peek('key'), 5)).toBe(5)
    expect(await admitted(() => set.check('key'), 5)).toBe(1)
    expect(await set.peek('key')).toMatchObject({ ok: false, retryAfterMs: 60_000 })
  })

  test('is decided by list before it is counted', async () => {
    const { set } = inMemory({
      limits: { minute: window(1, '1m') },
      allow: ['10.0.0.1'],
      deny: (ip) => ip.startsWith('203.0.113.'),
    })
    expect(await admitted(() => set.check('10.0.0.1'), 5)).toBe(5)
    expect(await set.check('10.0.0.1')).toMatchObject({ source: 'list', reason: 'allowed', limits: {} })
    expect(await set.check('203.0.113.9')).toMatchObject({ ok: false, source: 'list', reason: 'denied', violated: [] })
  })

  test('is refused while its subject is blocked, and no longer', async () => {
    const { clock, set } = inMemory({ limits: { minute: window(5, '1m') } })
    await set.block('key', '10s')
    expect(await set.check('key')).toMatchObject({ ok: false, reason: 'blocked', retryAfterMs: 10_000, violated: [] })
    clock.advance(10_000)
    expect((await set.check('key')).ok).toBe(true)
  })
})

describe('a secret subject', () => {
  test('is nowhere in decisions, events and errors, and is counted all the same', async () => {
    const { limiter, set } = inMemory({ limits: { minute: window(1, '1m') }, secret: true, deny: ['sk-revoked'] })
    const told: unknown[] = []
    limiter.on('call-refused', (event) => told.push(event))
    const decisions = [await set.check('sk-live-1'), await set.check('sk-live-1'), await set.check('sk-revoked')]
    expect(decisions.map(({ ok }) => ok)).toEqual([true, false, false])
    const refusal = (await set.run('sk-live-1', () => 1).catch((error: unknown) => error)) as RateLimitExceeded
    expect(told).toHaveLength(3)
    told.push(decisions, refusal.decision, refusal.message)
    expect(JSON.stringify(told)).not.toContain('sk-')
  })
})

describe('a subject', () => {
  const long = 'x'.repeat(300)
  test.each([
    ['the digest of another', long, digestText(long)],
    ['what a digest looks like', long, `#${digestText(long)}`],
    ['text that UTF-8 makes equal', '\ud800', '\udfff'],
    ['the same beyond what stands in a key', `${long}1`, `${long}2`],
  ])('shares its limits with nobody who calls himself %s', async (_, one, other) => {
    const keyOf = subjectKeys('ns:rl:login:', undefined)
    const [first, second] = [keyOf(one), keyOf(other)].map((key) => Buffer.from(key).toString('hex'))
    expect(first).not.toBe(second)
    expect(keyOf(one).length).toBeLessThan(220)
  })
})

describe('a plan', () => {
  test('changes the numbers of a limit for its subject, and keeps what was counted', async () => {
    const tiers: Record<string, 'DEFAULT' | 'PREMIUM'> = { key: 'DEFAULT' }
    const { set } = inMemory({ limits: LIMITS.API_KEY, plan: async (key) => PLANS[tiers[key] ?? 'DEFAULT'] })
    const first = await set.reserve('key', { tokensPerMinute: 9_000 })
    expect(first).toMatchObject({
      ok: true,
      limits: { requestsPerMinute: { limit: 250, remaining: 249 }, burst: { limit: 100 } },
    })
    expect(await set.reserve('key', { tokensPerMinute: 9_000 })).toMatchObject({
      ok: false,
      violated: ['tokensPerMinute'],
    })
    tiers['key'] = 'PREMIUM'
    expect(await set.reserve('key', { tokensPerMinute: 9_000 })).toMatchObject({
      ok: true,
      limits: {
        requestsPerMinute: { limit: 300, remaining: 298 },
        tokensPerMinute: { remaining: 32_000 },
        burst: { limit: 50 },
        concurrent: { limit: 20, remaining: 18 },
      },
    })
  })

  test('may lift a limit, and may leave it alone', async () => {
    const { set } = inMemory({
      limits: { minute: window(1, '1m'), day: window(1, '1d') },
      plan: (subject) =>
        subject === 'admin' ? { minute: Number.POSITIVE_INFINITY, day: Number.POSITIVE_INFINITY } : undefined,
    })
    expect(await admitted(() => set.check('admin'), 20)).toBe(20)
    expect((await set.check('admin')).limits.minute).toMatchObject({
      limit: Number.POSITIVE_INFINITY,
      remaining: Number.POSITIVE_INFINITY,
    })
    expect(await admitted(() => set.check('user'), 20)).toBe(1)
  })

  test('cannot give more places than are kept apart: that would admit more than it says', async () => {
    const { set } = inMemory({ limits: { live: concurrency(5, { lease: '1s' }) }, plan: () => ({ live: 1_025 }) })
    await expect(set.reserve('key')).rejects.toThrow('plan.live: 1025')
  })

  test.each([
    ['a window', window(5, '1m')],
    ['an object of its own', { rate: 10, burst: 5 }],
    ['null', null],
  ])('cannot give %s in place of a bucket: nothing would be counted', async (_, given) => {
    const limits = { burst: bucket({ rate: 1, per: '1s', burst: 1 }) }
    const { set } = inMemory({ limits, plan: () => ({ burst: given }) as never })
    await expect(set.check('key')).rejects.toThrow('plan.burst')
  })

  test('that fails fails the call, with its own error', async () => {
    const failure = new Error('the plan table is gone')
    const { set } = inMemory({
      limits: { minute: window(1, '1m') },
      plan: () => {
        throw failure
      },
    })
    await expect(set.check('key')).rejects.toBe(failure)
  })
})

describe('a penalty', () => {
  test('blocks for longer and longer, up to its bound, until it is forgotten', async () => {
    const penalty = { after: 2, first: '1m', factor: 3, max: '5m', forget: '1h' } as const
    const { clock, set } = inMemory({ limits: { tries: window(1, '1s') }, penalty })
    const waits: number[] = []
    for (let round = 0; round < 5; round++) {
      await set.check('ip')
      const { retryAfterMs, reason } = await set.check('ip')
      clock.advance(retryAfterMs)
      waits.push(reason === 'blocked' ? retryAfterMs : 0)
    }
    expect(waits).toEqual([0, 60_000, 180_000, 300_000, 300_000])
    clock.advance(3_600_000)
    await set.check('ip')
    expect(await set.check('ip')).toMatchObject({ reason: 'limit' })
  })
})

describe('a reservation', () => {
  test('is settled at the true cost, in either direction, as of when it was made', async () => {
    const { clock, set } = inMemory({ limits: { tokens: window(1_000, '1m', { unit: 'tokens' }) } })
    const reservation = await set.reserve('key', { tokens: 600 })
    clock.advance(30_000)
    expect((await set.check('key', { tokens: 500 })).ok).toBe(false)
    if (reservation.ok) expect(await reservation.settle({ tokens: 100 })).toBe(true)
    expect((await set.check('key', { tokens: 500 })).ok).toBe(true)
    const costly = await set.reserve('key', { tokens: 10 })
    if (costly.ok) await costly.settle({ tokens: 2_000 })
    expect(await set.check('key', { tokens: 1 })).toMatchObject({ ok: false, limits: { tokens: { remaining: 0 } } })
    clock.advance(30_001)
    expect((await set.peek('key', { tokens: 1 })).ok).toBe(false)
    clock.advance(30_000)
    expect((await set.peek('key', { tokens: 1_000 })).ok).toBe(true)
  })

  test('of nothing can be settled at what it used, so the next call waits for the debt', async () => {
    const { set } = inMemory({ limits: { tokens: window(100, '1m', { unit: 'tokens' }) } })
    const stream = await set.reserve('key')
    if (stream.ok) await stream.settle({ tokens: 150 })
    expect((await set.check('key')).ok).toBe(false)
  })

  test('is settled once, and not after its time', async () => {
    const { clock, set } = inMemory({ limits: { tokens: window(100, '1h', { unit: 'tokens' }) }, reservation: '1m' })
    const first = await set.reserve('key', { tokens: 50 })
    const second = await set.reserve('key', { tokens: 50 })
    if (!first.ok || !second.ok) throw new Error('both fit')
    expect([await first.cancel(), await first.cancel(), await first.settle({ tokens: 9 })]).toEqual([
      true,
      false,
      false,
    ])
    clock.advance(60_000)
    expect(await second.cancel()).toBe(false)
    expect((await set.peek('key')).limits.tokens?.remaining).toBe(50)
  })

  test('holds a place until it is settled, renewed as long as it takes', async () => {
    const { clock, set } = inMemory({ limits: { live: concurrency(1, { lease: '10s' }) } })
    const holder = await set.reserve('key')
    if (!holder.ok) throw new Error('the place is free')
    for (let renewal = 0; renewal < 3; renewal++) {
      clock.advance(9_000)
      expect(await holder.renew()).toBe(true)
    }
    expect(await set.reserve('key')).toMatchObject({ ok: false, violated: ['live'], retryAfterMs: 10_000 })
    await holder.settle()
    expect((await set.reserve('key')).ok).toBe(true)
    expect(await holder.renew()).toBe(false)
  })

  test('that is abandoned gives its place back when its lease ends, ten thousand times over (law 5)', async () => {
    // The hour keeps the subject known: its places must end by themselves.
    const { clock, set } = inMemory({ limits: { live: concurrency(5, { lease: '10s' }), hour: window(100_000, '1h') } })
    for (let cycle = 0; cycle < 2_000; cycle++) {
      const holders = await Promise.all(Array.from({ length: 6 }, () => set.reserve('key')))
      expect(holders.filter(({ ok }) => ok)).toHaveLength(5)
      clock.advance(10_000)
    }
    expect((await set.peek('key')).limits.live?.remaining).toBe(5)
  })

  test('is needed where places are held: check alone would leak them', async () => {
    const { set } = inMemory({ limits: { live: concurrency(1, { lease: '10s' }) } })
    await expect(set.check('key')).rejects.toThrow(/use run\(\) or reserve\(\)/)
  })
})

describe('run', () => {
  test('holds a place while the body runs, longer than a lease, and settles what it cost', async () => {
    const { clock, set } = inMemory({
      limits: { live: concurrency(1, { lease: '3s' }), tokens: window(100, '1m', { unit: 'tokens' }) },
    })
    let finish: (usage: number) => void = () => {}
    const body = new Promise<number>((resolve) => {
      finish = resolve
    })
    const result = set.run('key', () => body, { costs: { tokens: 80 }, settle: (usage) => ({ tokens: usage }) })
    for (let second = 0; second < 10; second++) {
      await clock.advanceAsync(1_000)
      expect((await set.peek('key')).limits.live?.remaining).toBe(0)
    }
    finish(30)
    expect(await result).toBe(30)
    expect((await set.peek('key')).limits).toMatchObject({ live: { remaining: 1 }, tokens: { remaining: 70 } })
    clock.advance(70_000)
    expect(clock.pending).toBe(0)
  })

  test('gives the place back when the body throws, and lets its error through', async () => {
    const { set } = inMemory({ limits: { live: concurrency(1, { lease: '3s' }) } })
    const failure = new Error('the model is down')
    await expect(set.run('key', () => Promise.reject(failure))).rejects.toBe(failure)
    expect((await set.peek('key')).ok).toBe(true)
  })

  test('rejects with RateLimitExceeded, which says when to come back, and does not run the body', async () => {
    const { set } = inMemory({ limits: { minute: window(1, '1m') } })
    await set.run('key', () => 1)
    const refusal = await set.run('key', () => expect.unreachable()).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RateLimitExceeded)
    expect(refusal).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', retryAfterMs: 60_000, violated: ['minute'] })
    expect((refusal as Error).message).toBe(`A call of 'test' was refused by 'minute'. Retry in 60000 ms.`)
  })
})

describe('limits of several subjects', () => {
  test('admit a call together or are not charged', async () => {
    const { limiter } = inMemory({ limits: { unused: window(1, '1m') } })
    const user = limiter.define('user', { limits: { minute: window(3, '1m') } })
    const team = limiter.define('team', { limits: { minute: window(4, '1m') } })
    const calls = (id: string) => [
      { set: user, subject: id },
      { set: team, subject: 'red' },
    ]
    for (let call = 0; call < 3; call++) expect((await limiter.reserveTogether(calls('ann'))).ok).toBe(true)
    expect(await limiter.reserveTogether(calls('ann'))).toMatchObject({ ok: false, refusal: { name: 'user' } })
    const last = await limiter.reserveTogether(calls('bob'))
    expect(await limiter.reserveTogether(calls('bob'))).toMatchObject({
      ok: false,
      refusal: { name: 'team', subject: 'red' },
    })
    expect((await user.peek('bob')).limits.minute?.remaining).toBe(2)
    if (last.ok) await last.cancel()
    expect((await team.peek('red')).limits.minute?.remaining).toBe(1)
  })
})

describe('a rate limiter', () => {
  test('tells listeners of refusals, and survives those that throw', async () => {
    const { limiter, set } = inMemory({ limits: { minute: window(1, '1m') } })
    const seen: string[] = []
    limiter.on('call-refused', () => {
      throw new Error('not my day')
    })
    const stop = limiter.on('call-refused', ({ decision }) => seen.push(decision.subject))
    for (let call = 0; call < 3; call++) await set.check('key')
    stop()
    await set.check('key')
    expect(seen).toEqual(['key', 'key'])
    expect(limiter.health()).toEqual({ state: 'memory', peers: 1, waiting: 0, dropped: 0 })
  })

  test('decides no more once it is closed', async () => {
    const { limiter, set } = inMemory({ limits: { minute: window(1, '1m') } })
    await limiter.close()
    await expect(set.check('key')).rejects.toBeInstanceOf(RateLimiterClosed)
  })
})
