import { Cached, configureGranary, entryOf, Invalidates, RateLimited } from '@granary/decorators'
import { concurrency, createRateLimiter, RateLimitExceeded, window } from '@granary/rate-limit'
import { describe, expect, onTestFinished, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

/** What went wrong where checks, fills and limits were written by hand (docs/incidents.md), and cannot under a decorator. */
function configured() {
  const { cache, clock } = configuredCache()
  const rateLimiter = createRateLimiter({ clock })
  onTestFinished(configureGranary({ cache, rateLimiter }))
  return { cache, clock, rateLimiter }
}

describe('a cached method', () => {
  test('incident 7: a mistake inside a method is an error to its caller, never an empty answer that is kept', async () => {
    configured()
    class Catalog {
      broken = true

      @Cached({ name: 'incident:swallowed', ttl: '5m' })
      async models(): Promise<string[]> {
        if (this.broken) return (undefined as unknown as string[]).slice()
        return ['gpt']
      }
    }
    const catalog = new Catalog()
    expect(await rejectionOf(catalog.models())).toBeInstanceOf(TypeError)
    catalog.broken = false
    expect(await catalog.models()).toEqual(['gpt'])
  })

  test('incident 9: what is read is also written: the second call is answered without the method', async () => {
    const { cache } = configured()
    class Chat {
      calls = 0

      @Cached({ name: 'incident:half', ttl: '5m' })
      async answer(question: string): Promise<string> {
        this.calls += 1
        return `${question}!`
      }
    }
    const chat = new Chat()
    const outcomes = [await cache.observe(() => chat.answer('hi')), await cache.observe(() => chat.answer('hi'))]
    expect(outcomes.map(({ value, outcome }) => [value, outcome])).toEqual([
      ['hi!', 'miss'],
      ['hi!', 'hit'],
    ])
    expect(chat.calls).toBe(1)
  })
})

describe('a limited method', () => {
  test('incident 26: taking a place and counting it are one step, so no more run than may', async () => {
    configured()
    class Streams {
      running = 0
      most = 0

      @RateLimited({ name: 'incident:places', limits: { live: concurrency(3, { lease: '30s' }) }, key: () => 'all' })
      async stream(): Promise<void> {
        this.running += 1
        this.most = Math.max(this.most, this.running)
        for (let turn = 0; turn < 20; turn++) await Promise.resolve()
        this.running -= 1
      }
    }
    const streams = new Streams()
    const ends = await Promise.allSettled(Array.from({ length: 50 }, () => streams.stream()))
    expect(streams.most).toBe(3)
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
  })

  test('incident 27: a call that fails gives its place back, and one that never ends loses it with its process', async () => {
    const { clock, rateLimiter } = configured()
    class Streams {
      @RateLimited({ name: 'incident:leak', limits: { live: concurrency(1, { lease: '3s' }) }, key: () => 'all' })
      async stream(): Promise<void> {
        throw new Error('the client went away')
      }
    }
    const streams = new Streams()
    for (let call = 0; call < 100; call++) {
      expect((await rejectionOf(streams.stream())).message).toBe('the client went away')
    }
    // A holder that reserves and then dies: nobody renews its lease.
    const set = rateLimiter.get('incident:leak')
    await set?.reserve('all')
    expect(await rejectionOf(streams.stream())).toBeInstanceOf(RateLimitExceeded)
    await clock.advanceAsync(3_001)
    expect((await rejectionOf(streams.stream())).message).toBe('the client went away')
  })

  test('incident 28: an admission is never remembered: the sixth of a thousand calls in a second is refused', async () => {
    configured()
    class Login {
      @RateLimited({ name: 'incident:verdict', limits: { attempts: window(5, '1m') }, key: (ip: string) => ip })
      async attempt(_ip: string): Promise<void> {}
    }
    const login = new Login()
    const ends = await Promise.allSettled(Array.from({ length: 1_000 }, () => login.attempt('10.0.0.1')))
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  })

  test('incident 29: limits come from a cached asynchronous method: read once, and anew after a change', async () => {
    configured()
    class Limits {
      reads = 0
      minute = 2

      @Cached({ name: 'incident:limits', ttl: '10m' })
      async of(_key: number): Promise<{ minute: number }> {
        this.reads += 1
        return { minute: this.minute }
      }

      @Invalidates({ entries: [entryOf(() => Limits, 'of')((key: number) => [key])] })
      async change(_key: number, minute: number): Promise<void> {
        this.minute = minute
      }
    }
    const limits = new Limits()
    class Gateway {
      @RateLimited({
        name: 'incident:planned',
        limits: { minute: window(100, '1m') },
        key: (key: number) => key,
        plan: (key) => limits.of(Number(key)),
      })
      async call(_key: number): Promise<void> {}
    }
    const gateway = new Gateway()
    await gateway.call(1)
    await gateway.call(1)
    expect(await rejectionOf(gateway.call(1))).toBeInstanceOf(RateLimitExceeded)
    expect(limits.reads).toBe(1)
    await limits.change(1, 3)
    await gateway.call(1)
    expect(limits.reads).toBe(2)
  })

  test('incident 30: who is known is counted as himself, so neighbours behind one address do not use up each other’s calls', async () => {
    configured()
    interface Caller {
      readonly ip: string
      readonly user?: string
    }
    class Api {
      @RateLimited({
        name: 'incident:address',
        limits: { minute: window(2, '1m') },
        key: ({ ip, user }: Caller) => (user === undefined ? `ip:${ip}` : `user:${user}`),
      })
      async call(_caller: Caller): Promise<void> {}
    }
    const api = new Api()
    const ip = '203.0.113.7'
    await Promise.all([api.call({ ip }), api.call({ ip })])
    expect(await rejectionOf(api.call({ ip }))).toBeInstanceOf(RateLimitExceeded)
    await Promise.all(['ann', 'bob', 'ann', 'bob'].map((user) => api.call({ ip, user })))
    expect(await rejectionOf(api.call({ ip, user: 'ann' }))).toBeInstanceOf(RateLimitExceeded)
  })
})
