import { ManualClock } from '@granary/testing'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bucket,
  concurrency,
  createRateLimiter,
  type Decision,
  type Limit,
  quota,
  RateLimitExceeded,
  RateLimitUnavailable,
  rateLimitHeaders,
  rateLimitProblem,
  window,
} from '../../src/index.ts'
import { parseList } from '../support/structured-fields.ts'

function limited<Name extends string>(limits: Record<Name, Limit>) {
  const clock = new ManualClock({ wall: Date.UTC(2026, 2, 1, 12) })
  return { clock, set: createRateLimiter({ clock }).define('api', { limits }) }
}

describe('the RateLimit fields', () => {
  test('list every limit: its quota and window, what is left of it and when more comes', async () => {
    const { clock, set } = limited({
      minute: window(60, '1m'),
      tokens: window(90_000, '1m', { unit: 'tokens' }),
      day: quota(1_000, { every: 'day' }),
      burst: bucket({ rate: 10, per: '1s', burst: 20 }),
      live: concurrency(5, { lease: '30s' }),
    })
    await set.reserve('key:1', { tokens: 800 })
    clock.advance(29_500)
    const decision = await set.reserve('key:1', { tokens: 200 })
    expect(rateLimitHeaders(decision)).toEqual({
      'RateLimit-Policy':
        '"minute";q=60;w=60, "tokens";q=90000;w=60;granary-unit="tokens", "day";q=1000;w=86400, "burst";q=20;w=2, "live";q=5;qu="concurrent-requests"',
      RateLimit: '"minute";r=58;t=31, "tokens";r=89000;t=31, "day";r=998;t=43171, "burst";r=19;t=1, "live";r=3;t=1',
      'X-RateLimit-Limit': '5',
      'X-RateLimit-Remaining': '3',
      'X-RateLimit-Reset': String(Date.UTC(2026, 2, 1, 12) / 1000 + 30),
      'X-RateLimit-Limit-Requests': '20',
      'X-RateLimit-Remaining-Requests': '19',
      'X-RateLimit-Reset-Requests': String(Date.UTC(2026, 2, 1, 12) / 1000 + 30),
      'X-RateLimit-Limit-Tokens': '90000',
      'X-RateLimit-Remaining-Tokens': '89000',
      'X-RateLimit-Reset-Tokens': String(Date.UTC(2026, 2, 1, 12) / 1000 + 60),
      'X-RateLimit-Limit-Concurrent-Requests': '5',
      'X-RateLimit-Remaining-Concurrent-Requests': '3',
      'X-RateLimit-Reset-Concurrent-Requests': String(Date.UTC(2026, 2, 1, 12) / 1000 + 30),
    })
  })

  test('are well-formed Lists, whose t counts down, and which Retry-After never undercuts (law 9)', async () => {
    const limit = fc.oneof(
      fc.integer({ min: 0, max: 5 }).map((units) => window(units, '10s')),
      fc.integer({ min: 0, max: 5 }).map((units) => window(units, '1h', { unit: 'tokens' })),
      fc.integer({ min: 0, max: 5 }).map((units) => quota(units, { every: 'day' })),
      fc.integer({ min: 1, max: 5 }).map((burst) => bucket({ rate: 1, per: '7s', burst })),
    )
    const limits = fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,8}$/), limit, { minKeys: 1, maxKeys: 5 })
    await fc.assert(
      fc.asyncProperty(limits, fc.array(fc.nat(20_000), { maxLength: 12 }), async (all, waits) => {
        const { clock, set } = limited(all)
        for (const wait of waits) {
          clock.advance(wait)
          const decision = await set.check('user')
          const fields = rateLimitHeaders(decision, { partition: true })
          const states = parseList(fields['RateLimit'] as string)
          const policies = parseList(fields['RateLimit-Policy'] as string)
          expect(states.map(({ value }) => value)).toEqual(Object.keys(all))
          expect(policies.map(({ value }) => value)).toEqual(Object.keys(all))
          for (const { parameters } of states) {
            expect(parameters.get('r')).toBeGreaterThanOrEqual(0)
            const t = parameters.get('t')
            if (t !== undefined && fields['Retry-After'] !== undefined)
              expect(Number(fields['Retry-After'])).toBeGreaterThanOrEqual(t as number)
          }
          await countsDown(set, clock)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('say whose limits they are by digest alone, and only when asked', async () => {
    const { set } = limited({ minute: window(60, '1m') })
    const decision = await set.check('sk-live-very-secret')
    expect(rateLimitHeaders(decision)['RateLimit']).toBe('"minute";r=59;t=60')
    const [item] = parseList(rateLimitHeaders(decision, { partition: true })['RateLimit'] as string)
    expect(item?.parameters.get('pk')).toHaveLength(12)
    expect(JSON.stringify(rateLimitHeaders(decision, { partition: true }))).not.toContain('secret')
  })

  test('leave out limits that do not bind, and everything where a list decided', async () => {
    const clock = new ManualClock()
    const set = createRateLimiter({ clock }).define('api', {
      limits: { minute: window(60, '1m'), day: window(1_000, '1d') },
      plan: () => ({ minute: Number.POSITIVE_INFINITY }),
      allow: ['admin'],
    })
    expect(rateLimitHeaders(await set.check('user'), { legacy: false })).toEqual({
      'RateLimit-Policy': '"day";q=1000;w=86400',
      RateLimit: '"day";r=999;t=86400',
    })
    expect(rateLimitHeaders(await set.check('admin'))).toEqual({})
  })
})

async function countsDown(set: { peek(subject: string): Promise<Decision> }, clock: ManualClock): Promise<void> {
  const ts = async () =>
    parseList(rateLimitHeaders(await set.peek('user'))['RateLimit'] as string).map(
      ({ parameters }) => parameters.get('t') as number | undefined,
    )
  const before = await ts()
  clock.advance(1_000)
  const after = await ts()
  for (const [index, t] of before.entries()) {
    const next = after[index]
    if (t === undefined || next === undefined || t <= 1) continue
    expect(next).toBe(t - 1)
  }
}

describe('a refusal', () => {
  test('is a problem of a registered type, with the fields of the decision', async () => {
    const { set } = limited({ minute: window(1, '1m'), day: window(1_000, '1d') })
    await set.check('user')
    const decision = await set.check('user')
    if (decision.ok) throw new Error('one a minute')
    expect(rateLimitProblem(new RateLimitExceeded(decision))).toEqual({
      status: 429,
      headers: expect.objectContaining({
        'Content-Type': 'application/problem+json',
        'Retry-After': '60',
        RateLimit: '"minute";r=0;t=60, "day";r=999',
      }),
      body: {
        type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
        title: 'Quota exceeded',
        status: 429,
        'violated-policies': ['minute'],
      },
    })
  })

  test('by a block is abnormal usage; one that could not be decided is 503, and no refusal at all', async () => {
    const { set } = limited({ minute: window(1, '1m') })
    await set.block('user', '1h')
    const blocked = await set.check('user')
    if (blocked.ok) throw new Error('it is blocked')
    expect(rateLimitProblem(blocked)).toMatchObject({
      status: 429,
      headers: { 'Retry-After': '3600' },
      body: { type: expect.stringContaining('#abnormal-usage-detected') },
    })
    expect(rateLimitProblem(new RateLimitUnavailable('api', new Error('away')))).toMatchObject({
      status: 503,
      body: { type: expect.stringContaining('#temporary-reduced-capacity'), 'violated-policies': [] },
    })
  })
})
