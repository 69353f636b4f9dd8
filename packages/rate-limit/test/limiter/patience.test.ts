import { ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import { bucket, concurrency, createRateLimiter, fixedWindow, type Limit, window } from '../../src/index.ts'

const PATIENT = { maxWait: '30s' } as const

function setOf(tokens: Limit, live: number) {
  const clock = new ManualClock()
  const limits = { tokens, live: concurrency(live, { lease: '1m' }) }
  return { clock, set: createRateLimiter({ clock }).define('patience', { limits }) }
}

describe('what can never be admitted is refused at once, though a place might come free at any time', () => {
  test.each([
    ['a window', window(10, '1m', { unit: 'tokens' })],
    ['a fixed window', fixedWindow(10, '1m', { unit: 'tokens' })],
    ['a bucket', bucket({ rate: 10, per: '1m', burst: 10, unit: 'tokens' })],
  ])('more than all of %s', async (_, tokens) => {
    const { clock, set } = setOf(tokens, 1)
    const refused = await set.reserve('key', { tokens: 11 }, PATIENT)
    expect(refused).toMatchObject({ ok: false, reason: 'limit', retryAfterMs: Number.POSITIVE_INFINITY })
    expect(clock.pending, 'nothing waits').toBe(0)
  })

  test('a place where there is none', async () => {
    const { set } = setOf(window(10, '1m', { unit: 'tokens' }), 0)
    expect(await set.reserve('key', undefined, PATIENT)).toMatchObject({ ok: false, violated: ['live'] })
  })

  test('a place where a plan has left none, although somebody still holds one of before', async () => {
    const clock = new ManualClock()
    const limits = { live: concurrency(1, { lease: '1m' }) }
    let places = 1
    const set = createRateLimiter({ clock }).define('plan', { limits, plan: () => ({ live: places }) })
    await set.reserve('key')
    places = 0
    const refused = await set.reserve('key', undefined, PATIENT)
    expect(refused).toMatchObject({ ok: false, violated: ['live'], retryAfterMs: Number.POSITIVE_INFINITY })
  })

  test('while a place that is held is waited for, though its lease is longer than the patience', async () => {
    const { clock, set } = setOf(window(10, '1m', { unit: 'tokens' }), 1)
    const held = await set.reserve('key')
    if (!held.ok) throw new Error('The first place is free.')
    const waiting = set.reserve('key', { tokens: 10 }, PATIENT)
    await clock.advanceAsync(1_000)
    await held.settle()
    await clock.advanceAsync(1_000)
    expect(await waiting).toMatchObject({ ok: true })
  })
})
