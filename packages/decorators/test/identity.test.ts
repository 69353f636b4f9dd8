import { Cached, Invalidates } from '@granary/decorators'
import { describe, expect, test } from 'vitest'
import { configuredCache, memoryCache } from './fresh-cache.ts'

const TOTAL = Symbol('total')

describe('a decorated method', () => {
  test('keeps name, length and what was stored on the function', () => {
    const marked = Symbol('marked')
    const mark = (...given: unknown[]): void => {
      const method = typeof given[0] === 'function' ? given[0] : (given[2] as PropertyDescriptor).value
      Object.assign(method as object, { role: 'admin', [marked]: true })
    }
    class Users {
      @Invalidates({ names: ['identity:by_id'] })
      @Cached({ name: 'identity:by_id', ttl: '1m' })
      @mark
      async byId(id: number, locale: string): Promise<string> {
        return `${id} ${locale}`
      }
    }
    const { byId } = Users.prototype
    expect(byId.name).toBe('byId')
    expect(byId.length).toBe(2)
    expect({ ...byId }).toEqual({ role: 'admin', [marked]: true })
    expect(Object.getOwnPropertyDescriptor(Users.prototype, 'byId')).toMatchObject({
      enumerable: false,
      writable: true,
      configurable: true,
    })
  })

  test('is a method still: it cannot be constructed', () => {
    class Users {
      @Cached({ name: 'identity:constructed', ttl: '1m' })
      async byId(id: number): Promise<number> {
        return id
      }
    }
    const { byId } = Users.prototype as unknown as { byId: new (id: number) => object }
    expect(() => new byId(1)).toThrow('not a constructor')
    expect('prototype' in byId).toBe(false)
  })

  test('sees its own instance, its arguments as given, and those that were left out', async () => {
    configuredCache()
    const seen: unknown[] = []
    class Users {
      readonly db = 'postgres'

      @Cached({ name: 'identity:this', ttl: '1m' })
      async find(id: number, options?: object, ...more: number[]): Promise<number> {
        // biome-ignore lint/complexity/noArguments: how many were given is the question
        seen.push(this instanceof Users && this.db, id, options, more, arguments.length)
        return id
      }
    }
    await new Users().find(1)
    await new Users().find(2, { deep: true }, 3, 4)
    expect(seen).toEqual(['postgres', 1, undefined, [], 1, 'postgres', 2, { deep: true }, [3, 4], 4])
  })

  test('may be static, where this is the class and its cache', async () => {
    const { cache } = memoryCache()
    // biome-ignore lint/complexity/noStaticOnlyClass: static methods are the question
    class Settings {
      static readonly cache = cache
      static readonly unit = 'eur'
      static runs = 0

      @Cached({ name: 'identity:static', ttl: '1m' })
      static async currency(): Promise<string> {
        Settings.runs += 1
        // biome-ignore lint/complexity/noThisInStatic: what this is, is the question
        return this.unit
      }
    }
    expect([await Settings.currency(), await Settings.currency(), Settings.runs]).toEqual(['eur', 'eur', 1])
    expect(cache.stats().names['identity:static']?.hits).toBe(1)
  })

  test('may be named by a symbol', async () => {
    configuredCache()
    let runs = 0
    class Basket {
      @Cached({ name: 'identity:symbol', ttl: '1m' })
      async [TOTAL](): Promise<number> {
        runs += 1
        return 5
      }
    }
    const basket = new Basket()
    expect([await basket[TOTAL](), await basket[TOTAL](), runs]).toEqual([5, 5, 1])
    expect(basket[TOTAL].name).toBe('[total]')
  })

  test('may be called without an instance, as any function', async () => {
    configuredCache()
    class Users {
      @Cached({ name: 'identity:detached', ttl: '1m' })
      async twice(id: number): Promise<number> {
        return id * 2
      }
    }
    const { twice } = Users.prototype
    expect(await twice(4)).toBe(8)
  })
})

describe('with subclasses', () => {
  class Repository {
    runs: string[] = []

    @Cached({ name: 'subclass:find', ttl: '1m' })
    async find(id: number): Promise<string> {
      this.runs.push(`base ${id}`)
      return `row ${id}`
    }

    @Cached({ name: 'subclass:count', ttl: '1m' })
    async count(): Promise<number> {
      this.runs.push('count')
      return 1
    }
  }

  test('an inherited method shares the entries of its class', async () => {
    configuredCache()
    class Users extends Repository {}
    const [base, users] = [new Repository(), new Users()]
    await base.count()
    await users.count()
    expect([base.runs, users.runs]).toEqual([['count'], []])
  })

  test('an overriding method without a decorator calls the cached one through super', async () => {
    configuredCache()
    class Users extends Repository {
      override async find(id: number): Promise<string> {
        this.runs.push(`override ${id}`)
        return `user ${await super.find(id)}`
      }
    }
    const users = new Users()
    expect([await users.find(1), await users.find(1)]).toEqual(['user row 1', 'user row 1'])
    expect(users.runs).toEqual(['override 1', 'base 1', 'override 1'])
  })

  test('an overriding method with a name of its own has entries of its own', async () => {
    configuredCache()
    class Users extends Repository {
      @Cached({ name: 'subclass:find_user', ttl: '1m' })
      override async find(id: number): Promise<string> {
        this.runs.push(`override ${id}`)
        return `user ${await super.find(id)}`
      }
    }
    const users = new Users()
    expect([await users.find(1), await users.find(1)]).toEqual(['user row 1', 'user row 1'])
    expect(users.runs).toEqual(['override 1', 'base 1'])
    expect(await new Repository().find(1)).toBe('row 1')
  })
})
