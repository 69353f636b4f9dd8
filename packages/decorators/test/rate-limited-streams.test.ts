import { configureGranary, RateLimited } from '@granary/decorators'
import {
  concurrency,
  createRateLimiter,
  type LimitSet,
  RateLimitExceeded,
  type RateLimiter,
  type Refused,
  window,
} from '@granary/rate-limit'
import { ManualClock } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { rejectionOf } from './fresh-cache.ts'

interface Usage {
  readonly tokens: number
}

const LIMITS = { live: concurrency(1, { lease: '30s' }), tokens: window(100, '1m', { unit: 'tokens' }) }

/** A model that says what it is told, under limits of a place and of tokens. */
function chatting(name: string) {
  const clock = new ManualClock()
  const limiter = createRateLimiter({ clock })
  onTestFinished(configureGranary({ rateLimiter: limiter }))
  const said: string[] = []
  class Chat {
    readonly model = 'parrot'

    @RateLimited({
      name,
      limits: LIMITS,
      key: (user: string) => user,
      cost: { tokens: () => 50 },
      settle: { tokens: (usage: Usage) => usage.tokens },
    })
    async *answer(user: string, ...words: string[]): AsyncGenerator<string, Usage> {
      try {
        for (const word of words) {
          if (word === 'fail') throw new Error('the model failed')
          yield `${this.model} ${user} ${word}`
        }
        return { tokens: words.length }
      } finally {
        said.push(user)
      }
    }
  }
  const standing = async () => {
    const set = limiter.get(name) as LimitSet<'live' | 'tokens'>
    const { live, tokens } = (await set.peek('ada')).limits
    return { places: live?.remaining, tokens: tokens?.remaining }
  }
  return { chat: new Chat(), clock, limiter, said, standing }
}

describe('a rate-limited method with a stream', () => {
  test('says every piece, returns what it returns, and costs what that says', async () => {
    const { chat, standing, said } = chatting('rls:whole')
    const stream = chat.answer('ada', 'one', 'two')
    const [first, second, last, after] = [
      await stream.next(),
      await stream.next(),
      await stream.next(),
      await stream.next(),
    ]
    expect([first.value, second.value]).toEqual(['parrot ada one', 'parrot ada two'])
    expect(last).toEqual({ done: true, value: { tokens: 2 } })
    expect(after.done).toBe(true)
    expect(await standing()).toEqual({ places: 1, tokens: 98 })
    expect(said).toEqual(['ada'])
  })

  test('costs nothing while nobody reads it', async () => {
    const { chat, limiter, standing, said } = chatting('rls:unread')
    const unread = chat.answer('ada', 'one')
    expect(limiter.get('rls:unread'), 'no limit was asked').toBeUndefined()
    await unread.return({ tokens: 7 })
    expect(await unread.next()).toEqual({ done: true, value: undefined })
    expect(said).toEqual([])
    const read = chat.answer('ada', 'one')
    await read.next()
    expect(await standing()).toEqual({ places: 0, tokens: 50 })
  })

  test('holds its place, longer than a lease, until its reader leaves: then it costs what was expected', async () => {
    const { chat, clock, standing, said } = chatting('rls:left')
    for await (const _ of chat.answer('ada', 'one', 'two')) {
      await clock.advanceAsync(50_000)
      expect((await standing()).places).toBe(0)
      expect(await rejectionOf(chat.answer('ada', 'three').next())).toBeInstanceOf(RateLimitExceeded)
      break
    }
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
    expect(said, 'the method was told').toEqual(['ada'])
    clock.advance(70_000)
    expect(clock.pending).toBe(0)
  })

  test('fails at its first piece when it is refused, and is over then', async () => {
    const { chat, said } = chatting('rls:refused')
    const first = chat.answer('ada', 'one')
    await first.next()
    const refused = chat.answer('ada', 'two')
    expect(await rejectionOf(refused.next())).toMatchObject({ violated: ['live'] })
    expect(await refused.next()).toEqual({ done: true, value: undefined })
    expect(await chat.answer('bob', 'three').next()).toMatchObject({ value: 'parrot bob three' })
    await first.return({ tokens: 0 })
    expect(said).toEqual(['ada'])
  })

  test('passes its own failure through and gives its place back', async () => {
    const { chat, standing } = chatting('rls:failed')
    const stream = chat.answer('ada', 'one', 'fail')
    await stream.next()
    expect(await rejectionOf(stream.next())).toMatchObject({ message: 'the model failed' })
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
  })

  test('a failure that is thrown into it ends it', async () => {
    const { chat, standing, said } = chatting('rls:thrown')
    const stream = chat.answer('ada', 'one', 'two')
    await stream.next()
    const failure = new Error('the reader failed')
    expect(await rejectionOf(stream.throw(failure))).toBe(failure)
    expect(await standing()).toEqual({ places: 1, tokens: 50 })
    expect(said).toEqual(['ada'])
  })

  test('that throws before there is a stream gives its place back, and its error is its own', async () => {
    const limiter = configured()
    const limits = { live: concurrency(1, { lease: '30s' }) }
    class Chat {
      @RateLimited({ name: 'rls:early', limits, key: () => 'all' })
      async *answer({ user }: { user: string }): AsyncGenerator<string> {
        yield `hello ${user}`
      }
    }
    const chat = new Chat()
    // A stream takes its parameters apart before it is one.
    expect(await rejectionOf(pieces(chat.answer(undefined as never)))).toBeInstanceOf(TypeError)
    expect((await limiter.get('rls:early')?.peek('all'))?.limits['live']?.remaining).toBe(1)
    expect(await pieces(chat.answer({ user: 'ada' }))).toEqual(['hello ada'])
  })

  test('can be answered with another stream', async () => {
    configured()
    class Chat {
      @RateLimited({
        name: 'rls:instead',
        limits: { minute: window(1, '1m') },
        key: (user: string) => user,
        onLimit: async function* (refusal: Refused, user: string) {
          yield `${user}, come back in ${refusal.retryAfterMs / 1_000} s`
        },
      })
      async *answer(user: string): AsyncGenerator<string> {
        yield `hello ${user}`
      }
    }
    const chat = new Chat()
    expect(await pieces(chat.answer('ada'))).toEqual(['hello ada'])
    expect(await pieces(chat.answer('ada'))).toEqual(['ada, come back in 60 s'])
  })

  test('stands under other limits, all of which must admit it', async () => {
    configured()
    class Chat {
      @RateLimited({ name: 'rls:all', limits: { minute: window(3, '1m') }, key: () => 'all' })
      @RateLimited({ name: 'rls:each', limits: { minute: window(1, '1m') }, key: (user: string) => user })
      async *answer(user: string): AsyncGenerator<string> {
        yield user
      }
    }
    const chat = new Chat()
    expect(await pieces(chat.answer('ada'))).toEqual(['ada'])
    expect(await rejectionOf(pieces(chat.answer('ada')))).toMatchObject({ decision: { name: 'rls:each' } })
    expect(await pieces(chat.answer('bob'))).toEqual(['bob'])
    expect(await rejectionOf(pieces(chat.answer('eve')))).toMatchObject({ decision: { name: 'rls:all' } })
  })
})

function configured(): RateLimiter {
  const rateLimiter = createRateLimiter({ clock: new ManualClock() })
  onTestFinished(configureGranary({ rateLimiter }))
  return rateLimiter
}

async function pieces<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const piece of stream) all.push(piece)
  return all
}
