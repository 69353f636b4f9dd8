import { getEventListeners } from 'node:events'
import { ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import { concurrency, createRateLimiter, type LimitSetOptions, type Reservation, window } from '../../src/index.ts'

const LIMITS = { live: concurrency(1, { lease: '3s' }), tokens: window(100, '1m', { unit: 'tokens' }) }
type Name = keyof typeof LIMITS

function inMemory(options: Partial<LimitSetOptions<Name>> = {}) {
  const clock = new ManualClock()
  const set = createRateLimiter({ clock }).define<Name>('test', { limits: LIMITS, ...options })
  const standing = async () => {
    const { live, tokens } = (await set.peek('key')).limits
    return { places: live?.remaining, tokens: tokens?.remaining }
  }
  const reserve = async () => (await set.reserve('key', { tokens: 50 })) as Reservation<Name>
  return { clock, set, standing, reserve }
}

/** Says each word when it is asked for; after the last one it is over. */
async function* words(...said: string[]): AsyncGenerator<string, void, undefined> {
  yield* said
}

/** Never says anything, and does not listen either. */
const SILENCE: AsyncIterable<string> = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }

describe('a stream', () => {
  test('holds its place until its last piece, longer than a lease, and is settled then', async () => {
    const { clock, set, standing, reserve } = inMemory()
    let read = 0
    const stream = set.holdStream(await reserve(), words('a', 'b', 'c'), { settle: () => ({ tokens: 10 * read }) })
    for await (const _ of stream) {
      read += 1
      await clock.advanceAsync(10_000)
      expect(await standing()).toEqual({ places: 0, tokens: 50 })
    }
    expect(await standing()).toEqual({ places: 1, tokens: 70 })
    clock.advance(70_000)
    expect(clock.pending).toBe(0)
  })

  test('gives its place back when its reader stops reading, and tells its source', async () => {
    const { set, standing, reserve } = inMemory()
    let told = false
    async function* source() {
      try {
        yield 'a'
        yield 'b'
      } finally {
        told = true
      }
    }
    for await (const _ of set.holdStream(await reserve(), source(), { settle: () => ({ tokens: 1 }) })) break
    expect(told).toBe(true)
    expect(await standing()).toEqual({ places: 1, tokens: 99 })
  })

  test('gives its place back when it is given up before its first piece', async () => {
    const { set, standing, reserve } = inMemory()
    await set.holdStream(await reserve(), words('a')).return?.()
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
  })

  test('gives its place back when the signal fires, though its source never says another word', async () => {
    const { set, standing, reserve } = inMemory()
    const gone = new AbortController()
    const stream = set.holdStream(await reserve(), SILENCE, { signal: gone.signal, settle: () => ({ tokens: 3 }) })
    void stream.next()
    expect(await standing()).toEqual({ places: 0, tokens: 50 })
    gone.abort()
    await expect.poll(standing).toEqual({ places: 1, tokens: 97 })
    const late = new AbortController()
    late.abort()
    set.holdStream(await reserve(), SILENCE, { signal: late.signal })
    await expect.poll(async () => (await standing()).places).toBe(1)
  })

  test('leaves nothing on a signal that outlives it, however it ends: one signal may serve a thousand streams', async () => {
    const { set, reserve } = inMemory()
    const { signal } = new AbortController()
    async function* failing(): AsyncGenerator<string, void, undefined> {
      yield 'a'
      throw new Error('the model is down')
    }
    const hold = async (source: AsyncIterable<string>) => set.holdStream(await reserve(), source, { signal })
    const whole = await hold(words('a'))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    for await (const _ of whole) expect(_).toBe('a')
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    await (await hold(words('a'))).return?.()
    const broken = await hold(failing())
    await broken.next()
    await broken.next().catch(() => {})
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })

  test('lets the error of its source through, and gives its place back', async () => {
    const { set, standing, reserve } = inMemory()
    const failure = new Error('the model is down')
    async function* source() {
      yield 'a'
      throw failure
    }
    const stream = set.holdStream(await reserve(), source())
    await stream.next()
    await expect(stream.next()).rejects.toBe(failure)
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
  })

  test('gives its place back when its source throws at once, and says why it did', async () => {
    const { clock, set, standing, reserve } = inMemory()
    const failure = new Error('no promise, but a throw')
    const next = () => {
      throw failure
    }
    const settle = () => {
      throw new Error('the meter is broken, too')
    }
    const stream = set.holdStream(await reserve(), { [Symbol.asyncIterator]: () => ({ next }) }, { settle })
    await expect(stream.next()).rejects.toBe(failure)
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
    expect(clock.pending, 'nothing is renewed any more').toBeLessThanOrEqual(1)
  })

  test('gives its place back even when it is said to have cost what cannot be', async () => {
    const { set, standing, reserve } = inMemory()
    const stream = set.holdStream(await reserve(), words(), { settle: () => ({ tokens: -1 }) })
    await expect(stream.next()).rejects.toThrow('costs.tokens')
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
  })
})

test('a renewal that is under way when the place is given back does not take it again, however slow the plan is', async () => {
  let isSlow = false
  const plan = async () => {
    for (let turn = 0; isSlow && turn < 20; turn++) await Promise.resolve()
    return undefined
  }
  const { clock, set, standing } = inMemory({ plan })
  const held = (await set.reserve('key')) as Reservation<Name>
  isSlow = true
  const renewed = held.renew()
  await held.settle()
  await renewed
  await clock.advanceAsync(0)
  expect((await standing()).places).toBe(1)
})
