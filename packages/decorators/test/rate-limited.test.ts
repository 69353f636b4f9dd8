import { createCache } from '@granary/core'
import {
  Cached,
  cacheGraph,
  configureGranary,
  entryOf,
  Invalidates,
  MethodNameTaken,
  NoRateLimiter,
  RateLimited,
} from '@granary/decorators'
import { bucket, concurrency, createRateLimiter, RateLimitExceeded, type Refused, window } from '@granary/rate-limit'
import { ManualClock } from '@granary/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MODE, memoryCache, rejectionOf, thrownBy } from './fresh-cache.ts'

/** A limiter on a clock that only the test moves, configured until the test ends; and a cache beside it. */
function configured() {
  const clock = new ManualClock()
  const limiter = createRateLimiter({ clock })
  const cache = createCache({ clock })
  onTestFinished(configureGranary({ rateLimiter: limiter, cache }))
  onTestFinished(() => cache.close())
  return { clock, limiter }
}

interface Completion {
  readonly text: string
  readonly usage: number
}

describe('a rate-limited method', () => {
  test.each([undefined, null, Number.NaN, true, { id: 7 }, ['ada']])(
    'is not run for a key that names nobody, as %j does: everybody would have one and the same limit',
    async (key) => {
      configured()
      let runs = 0
      class Search {
        @RateLimited({ name: 'rl:nobody', limits: { minute: window(9, '1m') }, key: (_: string) => key as never })
        async find(_text: string): Promise<number> {
          runs += 1
          return runs
        }
      }
      const error = await rejectionOf(new Search().find('x'))
      expect(error).toMatchObject({ code: 'INVALID_OPTION', message: expect.stringContaining('Search.find') })
      expect(error.message).toContain('key: ')
      expect(runs).toBe(0)
    },
  )

  test('runs while its limits admit it, subject by subject, and rejects above them', async () => {
    const { clock } = configured()
    let logins = 0
    class Auth {
      @RateLimited({
        name: 'rl:login',
        limits: { attempts: window(2, '15m', { exact: true }) },
        key: (ip: string) => ip,
      })
      async login(ip: string, password: string): Promise<string> {
        logins += 1
        return `${ip} ${password}`
      }
    }
    const auth = new Auth()
    expect([await auth.login('10.0.0.1', 'a'), await auth.login('10.0.0.1', 'b')]).toEqual(['10.0.0.1 a', '10.0.0.1 b'])
    const refusal = await rejectionOf(auth.login('10.0.0.1', 'c'))
    expect(refusal).toBeInstanceOf(RateLimitExceeded)
    expect(refusal).toMatchObject({
      retryAfterMs: 900_000,
      violated: ['attempts'],
      decision: { name: 'rl:login', subject: '10.0.0.1' },
    })
    expect(await auth.login('10.0.0.2', 'd')).toBe('10.0.0.2 d')
    clock.advance(900_000)
    await auth.login('10.0.0.1', 'e')
    expect(logins).toBe(4)
  })

  test('keeps its instance, its name, its arguments and its errors', async () => {
    configured()
    const failure = new Error('wrong password')
    class Auth {
      readonly realm = 'shop'

      @RateLimited({
        name: 'rl:identity',
        limits: { minute: window(5, '1m') },
        key(this: Auth, user: number) {
          return `${this.realm}:${user}`
        },
      })
      async login(user: number, ...rest: string[]): Promise<string> {
        if (rest.length === 0) throw failure
        return `${this.realm} ${user} ${rest.join(' ')}`
      }

      @RateLimited({ name: 'rl:static', limits: { minute: window(1, '1m') }, key: (user: bigint) => user })
      static async reset(user: bigint): Promise<bigint> {
        return user
      }
    }
    const auth = new Auth()
    expect(await auth.login(7, 'a', 'b')).toBe('shop 7 a b')
    expect(await rejectionOf(auth.login(7))).toBe(failure)
    expect([auth.login.name, Auth.prototype.login.length, await Auth.reset(7n)]).toEqual(['login', 1, 7n])
    expect(await rejectionOf(Auth.reset(7n))).toBeInstanceOf(RateLimitExceeded)
  })

  test('charges several units per call, expected before and settled after', async () => {
    const { limiter } = configured()
    class Model {
      @RateLimited({
        name: 'rl:tokens',
        limits: {
          minute: window(10, '1m'),
          tokens: window(1_000, '1m', { unit: 'tokens' }),
          live: concurrency(2, { lease: '30s' }),
        },
        key: (user: string) => user,
        cost: { tokens: (_user: string, prompt: string) => prompt.length * 10 },
        settle: { tokens: (result: Completion) => result.usage },
      })
      async complete(_user: string, prompt: string): Promise<Completion> {
        if (prompt === 'fail') throw new Error('the model is down')
        return { text: prompt, usage: 7 }
      }
    }
    const model = new Model()
    await model.complete('ann', 'hello')
    const set = limiter.get('rl:tokens')
    expect((await set?.peek('ann'))?.limits).toMatchObject({
      minute: { remaining: 9 },
      tokens: { remaining: 993 },
      live: { remaining: 2 },
    })
    await rejectionOf(model.complete('ann', 'fail'))
    // What failed costs what was expected of it, and holds no place.
    expect((await set?.peek('ann'))?.limits).toMatchObject({
      minute: { remaining: 8 },
      tokens: { remaining: 953 },
      live: { remaining: 2 },
    })
  })

  test('holds its place for as long as it runs', async () => {
    const { clock } = configured()
    let finish: (text: string) => void = () => {}
    class Streams {
      @RateLimited({ name: 'rl:live', limits: { live: concurrency(1, { lease: '3s' }) }, key: (user: string) => user })
      async stream(_user: string): Promise<string> {
        return new Promise((resolve) => {
          finish = resolve
        })
      }
    }
    const streams = new Streams()
    const first = streams.stream('ann')
    await clock.advanceAsync(10_000)
    expect(await rejectionOf(streams.stream('ann'))).toBeInstanceOf(RateLimitExceeded)
    finish('done')
    expect(await first).toBe('done')
    const second = streams.stream('ann')
    await clock.settle()
    finish('again')
    expect(await second).toBe('again')
  })
})

describe('onLimit', () => {
  test('wait lets a call through as soon as it may, within its bound', async () => {
    const { clock } = configured()
    class Reports {
      @RateLimited({
        name: 'rl:wait',
        limits: { second: bucket({ rate: 1, per: '1s', burst: 1 }) },
        key: () => 'all',
        onLimit: 'wait',
        maxWait: '2s',
      })
      async build(id: number): Promise<number> {
        return id
      }
    }
    const reports = new Reports()
    const done: number[] = []
    const calls = [1, 2, 3, 4].map((id) =>
      reports
        .build(id)
        .then((built) => done.push(built))
        .catch(() => done.push(-id)),
    )
    await clock.advanceAsync(0)
    expect(done).toEqual([1])
    await clock.advanceAsync(1_000)
    expect(done).toEqual([1, 2])
    await clock.advanceAsync(2_000)
    await Promise.all(calls)
    expect(done).toHaveLength(4)
    expect(done.filter((id) => id > 0)).toEqual([1, 2, 3])
  })

  test('a function answers in place of the method, with the refusal and the arguments', async () => {
    configured()
    class Search {
      readonly label = 'cached'

      @RateLimited({
        name: 'rl:answer',
        limits: { minute: window(1, '1m') },
        key: (user: string) => user,
        onLimit(this: Search, refusal: Refused, user: string, text: string) {
          return `${this.label} ${user} ${text} ${refusal.retryAfterMs}`
        },
      })
      async find(_user: string, text: string): Promise<string> {
        return text
      }
    }
    const search = new Search()
    expect([await search.find('ann', 'a'), await search.find('ann', 'b')]).toEqual(['a', 'cached ann b 60000'])
  })
})

describe('with @Cached', () => {
  test('above it every call counts; below it only those that load', async () => {
    configured()
    class Catalog {
      loads = 0

      @RateLimited({ name: 'rl:above', limits: { minute: window(3, '1m') }, key: () => 'all' })
      @Cached({ name: 'rl:above', ttl: '5m' })
      async outer(id: number): Promise<number> {
        this.loads += 1
        return id
      }

      @Cached({ name: 'rl:below', ttl: '5m' })
      @RateLimited({ name: 'rl:below', limits: { minute: window(3, '1m') }, key: () => 'all' })
      async inner(id: number): Promise<number> {
        this.loads += 1
        return id
      }
    }
    const catalog = new Catalog()
    for (let call = 0; call < 3; call++) expect(await catalog.outer(1)).toBe(1)
    expect(await rejectionOf(catalog.outer(1))).toBeInstanceOf(RateLimitExceeded)
    for (let call = 0; call < 10; call++) expect(await catalog.inner(1)).toBe(1)
    await Promise.all([catalog.inner(2), catalog.inner(2), catalog.inner(2)])
    await catalog.inner(3)
    expect(await rejectionOf(catalog.inner(4))).toBeInstanceOf(RateLimitExceeded)
    // A refusal is an error, and errors are not stored; what is stored is served.
    expect(await catalog.inner(3)).toBe(3)
    expect(catalog.loads).toBe(4)
  })
})

describe('a plan', () => {
  test('may be cached, and changes for the subject when its entry is invalidated', async () => {
    configured()
    class Plans {
      reads = 0
      limit = 1

      @Cached({ name: 'rl:plan', ttl: '10m' })
      async of(_user: string): Promise<{ minute: number }> {
        this.reads += 1
        return { minute: this.limit }
      }

      @Invalidates({ entries: [entryOf(() => Plans, 'of')((user: string) => [user])] })
      async upgrade(_user: string): Promise<void> {
        this.limit = 3
      }
    }
    const plans = new Plans()
    class Search {
      @RateLimited({
        name: 'rl:planned',
        limits: { minute: window(100, '1m') },
        key: (user: string) => user,
        plan: (user) => plans.of(user),
      })
      async find(user: string): Promise<string> {
        return user
      }
    }
    const search = new Search()
    await search.find('ann')
    expect(await rejectionOf(search.find('ann'))).toBeInstanceOf(RateLimitExceeded)
    await plans.upgrade('ann')
    await search.find('ann')
    await search.find('ann')
    expect(await rejectionOf(search.find('ann'))).toBeInstanceOf(RateLimitExceeded)
    expect(plans.reads).toBe(2)
  })
})

describe('the limiter', () => {
  test('is the option’s, else the configured one; without any the first call says what to do', async () => {
    const own = createRateLimiter()
    class Service {
      @RateLimited({ name: 'rl:own', limits: { minute: window(1, '1m') }, key: () => 'all', rateLimiter: own })
      async own(): Promise<number> {
        return 1
      }

      @RateLimited({ name: 'rl:none', limits: { minute: window(1, '1m') }, key: () => 'all' })
      async none(): Promise<number> {
        return 1
      }
    }
    const service = new Service()
    expect(await service.own()).toBe(1)
    expect(own.names()).toEqual(['rl:own'])
    const missing = await rejectionOf(service.none())
    expect(missing).toBeInstanceOf(NoRateLimiter)
    expect(missing.message).toBe(
      "@RateLimited on Service.none (name 'rl:none') has no rate limiter: call configureGranary({ rateLimiter }), or give the rateLimiter option.",
    )
    configured()
    expect(await service.none()).toBe(1)
  })

  test('knows two methods of one name apart: the second throws', async () => {
    configured()
    class One {
      @RateLimited({ name: 'rl:rival', limits: { minute: window(1, '1m') }, key: () => 'all' })
      async one(): Promise<number> {
        return 1
      }
    }
    class Two {
      @RateLimited({ name: 'rl:rival', limits: { minute: window(1, '1m') }, key: () => 'all' })
      async two(): Promise<number> {
        return 2
      }
    }
    expect(await new One().one()).toBe(1)
    expect(await rejectionOf(new Two().two())).toBeInstanceOf(MethodNameTaken)
  })

  test('is in the graph with its method', async () => {
    memoryCache()
    class Graphed {
      @RateLimited({ name: 'rl:graphed', limits: { minute: window(1, '1m') }, key: () => 'all' })
      async call(): Promise<number> {
        return 1
      }
    }
    new Graphed()
    const nodes = cacheGraph().methods.filter(({ name }) => name === 'rl:graphed')
    expect(nodes.map(({ kind, method }) => [kind, method])).toEqual([['rate-limited', 'Graphed.call']])
  })
})

describe('mistakes are refused at import, where they stand', () => {
  const Unchecked = RateLimited as unknown as (
    given: object,
  ) => MethodDecorator & ((method: unknown, context: unknown) => void)
  const apply = (options: object) =>
    thrownBy(() => {
      class Service {
        @Unchecked(options)
        async call(): Promise<void> {}
      }
      return Service
    }).message
  const where = `@RateLimited on ${MODE === 'legacy' ? 'Service.call' : 'call'} (name 'rl:bad')`

  test.each<[object, string]>([
    [
      { limits: { minute: window(1, '1m') } },
      `${where}: key: undefined is not allowed; it is a function of the arguments.`,
    ],
    [{ limits: {}, key: () => 'all' }, 'a set has from 1 to 10 limits'],
    [
      { limits: { minute: window(1, '1m') }, key: () => 'all', onLimit: 'ignore' },
      `${where}: onLimit: 'ignore' is not allowed`,
    ],
    [{ limits: { minute: window(1, '1m') }, key: () => 'all', maxWait: 5 }, `${where}: maxWait: 5 is not allowed`],
    [
      { limits: { minute: window(1, '1m') }, key: () => 'all', cost: { tokens: () => 1 } },
      `${where}: cost: 'tokens' is not allowed; the limits are minute.`,
    ],
    [{ limits: { minute: window(1, '1m') }, key: () => 'all', deadline: '0s' }, "deadline: '0s' is not allowed"],
    [
      { limits: { minute: window(1, '1m') }, key: () => 'all', rateLimiter: {} },
      'it is a limiter made by createRateLimiter()',
    ],
  ])('%o', (options, message) => {
    expect(apply({ name: 'rl:bad', ...options })).toContain(message)
  })
})
