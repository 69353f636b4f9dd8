import { createCache } from '@granary/core'
import { Cached, defineTags, TTL } from '@granary/decorators'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { configuredCache, rejectionOf } from './fresh-cache.ts'

interface User {
  readonly id: number
  readonly name: string
}

const tags = defineTags({ user: (id: number) => `user:${id}` })

describe('a cached method', () => {
  test('runs once for equal arguments and again for others', async () => {
    configuredCache()
    const runs: number[] = []
    class Users {
      @Cached({ name: 'once:by_id', ttl: TTL.USER })
      async byId(id: number): Promise<User> {
        runs.push(id)
        return { id, name: `user ${id}` }
      }
    }
    const users = new Users()
    const first = await users.byId(1)
    expect(await users.byId(1)).toBe(first)
    expect(await users.byId(2)).toEqual({ id: 2, name: 'user 2' })
    expect(runs).toEqual([1, 2])
  })

  test('runs once for callers that come while it runs', async () => {
    configuredCache()
    let runs = 0
    class Catalog {
      @Cached({ name: 'flight:models', ttl: TTL.CATALOG })
      async models(): Promise<string[]> {
        runs += 1
        await new Promise(setImmediate)
        return ['a', 'b']
      }
    }
    const catalog = new Catalog()
    const answers = await Promise.all(Array.from({ length: 50 }, () => catalog.models()))
    expect(runs).toBe(1)
    expect(answers).toEqual(Array.from({ length: 50 }, () => ['a', 'b']))
  })

  test('runs again when its ttl has passed', async () => {
    const { clock } = configuredCache()
    let runs = 0
    class Prices {
      @Cached({ name: 'ttl:price', ttl: '1m', jitter: 0 })
      async price(): Promise<number> {
        runs += 1
        return runs
      }
    }
    const prices = new Prices()
    expect(await prices.price()).toBe(1)
    clock.advance(59_000)
    expect(await prices.price()).toBe(1)
    clock.advance(2_000)
    expect(await prices.price()).toBe(2)
  })

  test('passes on the error of the method itself, and stores none', async () => {
    configuredCache()
    const broken = new Error('database away')
    let runs = 0
    class Plans {
      @Cached({ name: 'error:plan', ttl: TTL.PLAN })
      async plan(): Promise<string> {
        runs += 1
        if (runs === 1) throw broken
        return 'gold'
      }
    }
    const plans = new Plans()
    expect(await rejectionOf(plans.plan())).toBe(broken)
    expect(await plans.plan()).toBe('gold')
  })

  test('caches null and undefined as the answers they are', async () => {
    configuredCache()
    const runs: string[] = []
    class Keys {
      @Cached({ name: 'negative:key', ttl: TTL.API_KEY, negativeTtl: '30s' })
      async owner(key: string): Promise<User | null | undefined> {
        runs.push(key)
        return key === 'none' ? null : undefined
      }
    }
    const keys = new Keys()
    expect([await keys.owner('none'), await keys.owner('none')]).toEqual([null, null])
    expect([await keys.owner('nothing'), await keys.owner('nothing')]).toEqual([undefined, undefined])
    expect(runs).toEqual(['none', 'nothing'])
  })

  test('answers misuse with a rejected promise, never with an exception', async () => {
    configuredCache()
    class Odd {
      @Cached({ name: 'odd:of', ttl: '1m' })
      async of(_callback: () => void): Promise<number> {
        return 1
      }
    }
    const answer = new Odd().of(() => {})
    expect(await rejectionOf(answer)).toMatchObject({ code: 'UNKEYABLE_ARGUMENT' })
  })

  test('says clearly that it returned no promise', async () => {
    configuredCache()
    class Sums {
      @Cached({ name: 'sync:sum', ttl: '1m' })
      sum(a: number, b: number): Promise<number> {
        return (a + b) as never
      }

      @Cached({ name: 'sync:nothing', ttl: '1m' })
      nothing(): Promise<void> {
        return null as never
      }
    }
    const sums = new Sums()
    const refused = await rejectionOf(sums.sum(1, 2))
    expect(refused).toMatchObject({ code: 'NOT_A_PROMISE' })
    expect(refused.message).toBe(
      "@Cached on Sums.sum (name 'sync:sum') must return a promise and returned a value of type number: declare the method async.",
    )
    expect((await rejectionOf(sums.nothing())).message).toContain('returned null')
  })

  test('accepts anything that can be awaited, such as a query builder', async () => {
    configuredCache()
    let runs = 0
    class Queries {
      @Cached({ name: 'thenable:rows', ttl: '1m' })
      rows(): Promise<number[]> {
        // biome-ignore lint/suspicious/noThenProperty: a query builder has one
        const query = { then: (resolve: (rows: number[]) => void) => resolve([++runs]) }
        return query as never
      }
    }
    const queries = new Queries()
    expect([await queries.rows(), await queries.rows()]).toEqual([[1], [1]])
  })
})

describe('the functions among the options', () => {
  test('get the value first, then the arguments by position, and the instance as this', async () => {
    const { cache, clock } = configuredCache()
    const seen: unknown[][] = []
    class Users {
      readonly tenant = 'acme'

      @Cached({
        name: 'functions:by_id',
        jitter: 0,
        ttl(this: Users, user: User, id: number, locale: string) {
          seen.push(['ttl', this.tenant, user, id, locale])
          return '10s'
        },
        tags(this: Users, user: User, id: number, locale: string) {
          seen.push(['tags', this.tenant, user, id, locale])
          return [tags.user(user.id)]
        },
        key(this: Users, id: number, locale: string) {
          return [this.tenant, id, locale]
        },
        partition(this: Users, id: number) {
          return [this.tenant, id % 2]
        },
        condition(this: Users, id: number) {
          return this.tenant === 'acme' && id > 0
        },
        shouldCache(this: Users, user: User | null, id: number) {
          seen.push(['shouldCache', this.tenant, user, id])
          return true
        },
      })
      async byId(id: number, locale: string): Promise<User | null> {
        return { id, name: locale }
      }
    }
    const users = new Users()
    const user = { id: 7, name: 'en' }
    await users.byId(7, 'en')
    expect(seen).toContainEqual(['ttl', 'acme', user, 7, 'en'])
    expect(seen).toContainEqual(['tags', 'acme', user, 7, 'en'])
    expect(seen).toContainEqual(['shouldCache', 'acme', user, 7])
    expect((await cache.observe(() => users.byId(7, 'en'))).outcome).toBe('hit')
    expect((await cache.observe(() => users.byId(0, 'en'))).outcome).toBe('bypass')
    clock.advance(11_000)
    expect((await cache.observe(() => users.byId(7, 'en'))).outcome).toBe('miss')
    await cache.invalidateTags(['user:7'])
    expect((await cache.observe(() => users.byId(7, 'en'))).outcome).toBe('miss')
  })

  test('shouldCache keeps a value out, negativeTags reach a null', async () => {
    const { cache } = configuredCache()
    let runs = 0
    class Keys {
      @Cached({
        name: 'refuse:key',
        ttl: '1m',
        negativeTtl: '1m',
        negativeTags: (key: string) => [`absent:${key}`],
        shouldCache: (user: User | null) => user === null || user.name !== 'temporary',
      })
      async owner(key: string): Promise<User | null> {
        runs += 1
        return key === 'none' ? null : { id: 1, name: key }
      }
    }
    const keys = new Keys()
    await keys.owner('temporary')
    await keys.owner('temporary')
    expect(runs).toBe(2)
    await keys.owner('none')
    await keys.owner('none')
    expect(runs).toBe(3)
    await cache.invalidateTags(['absent:none'])
    await keys.owner('none')
    expect(runs).toBe(4)
  })

  test('ignored arguments do not count, secret ones count without being seen', async () => {
    const { cache } = configuredCache()
    const keys: string[] = []
    cache.on('load-started', ({ key }) => keys.push(key))
    let runs = 0
    class Auth {
      @Cached({ name: 'secret:user', ttl: '1m', secret: [0], ignore: [1] })
      async user(_apiKey: string, _signal: AbortSignal): Promise<number> {
        runs += 1
        return runs
      }
    }
    const auth = new Auth()
    expect(await auth.user('sk-hidden', new AbortController().signal)).toBe(1)
    expect(await auth.user('sk-hidden', new AbortController().signal)).toBe(1)
    expect(await auth.user('sk-other', new AbortController().signal)).toBe(2)
    expect(keys).toHaveLength(2)
    expect(keys.join()).not.toContain('sk-')
  })
})

describe('instances', () => {
  class Reports {
    readonly tenant: string

    constructor(tenant: string) {
      this.tenant = tenant
    }

    @Cached({ name: 'instances:shared', ttl: '1m' })
    async shared(day: number): Promise<string> {
      return `${this.tenant} ${day}`
    }

    @Cached({
      name: 'instances:own',
      ttl: '1m',
      partition(this: Reports) {
        return this.tenant
      },
    })
    async own(day: number): Promise<string> {
      return `${this.tenant} ${day}`
    }
  }

  test('share their entries, unless partition separates them', async () => {
    configuredCache()
    const [acme, zeta] = [new Reports('acme'), new Reports('zeta')]
    expect([await acme.shared(1), await zeta.shared(1)]).toEqual(['acme 1', 'acme 1'])
    expect([await acme.own(1), await zeta.own(1)]).toEqual(['acme 1', 'zeta 1'])
  })

  test('the first answer for equal arguments is the answer of all, whatever the calls and instances', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom('acme', 'zeta', 'nova'), fc.integer({ min: 0, max: 3 })), { maxLength: 20 }),
        async (calls) => {
          const cache = createCache()
          const instances = new Map(
            ['acme', 'zeta', 'nova'].map((tenant) => [tenant, Object.assign(new Reports(tenant), { cache })]),
          )
          const shared = new Map<number, string>()
          for (const [tenant, day] of calls) {
            const reports = instances.get(tenant) as Reports
            shared.set(day, shared.get(day) ?? `${tenant} ${day}`)
            expect(await reports.shared(day)).toBe(shared.get(day))
            expect(await reports.own(day)).toBe(`${tenant} ${day}`)
          }
          await cache.close()
        },
      ),
      { numRuns: 50 },
    )
  })
})
