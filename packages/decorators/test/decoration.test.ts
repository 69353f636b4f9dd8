import { createCache, InvalidOption, ms } from '@granary/core'
import {
  Cached,
  CachePut,
  CacheScope,
  cached,
  defineTags,
  entryOf,
  Invalidates,
  nameOf,
  TTL,
} from '@granary/decorators'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MODE, thrownBy } from './fresh-cache.ts'

/** What messages call a method at import: a standard decorator does not know its class yet. */
const label = MODE === 'legacy' ? 'Users.byId' : 'byId'

/** The message with which a class with these options is refused when it is defined. */
function refusalOf(options: object): string {
  const refused = thrownBy(() => {
    class Users {
      @Cached(options as never)
      async byId(id: number): Promise<number> {
        return id
      }
    }
    return Users
  })
  expect(refused).toBeInstanceOf(InvalidOption)
  return refused.message
}

describe('a mistake in the options is thrown at import and names method, name and option', () => {
  test.each([
    ['a bare number', { ttl: 300 }, 'ttl: 300 is not allowed; write a whole number above 0 with its unit'],
    ['a negative ttl', { ttl: '-5s' }, "ttl: '-5s' is not allowed"],
    ['no time at all', { ttl: '0s' }, "ttl: '0s' is not allowed"],
    ['scientific notation', { ttl: '1e3ms' }, "ttl: '1e3ms' is not allowed"],
    ['a unit in words', { ttl: '5min' }, "ttl: '5min' is not allowed"],
    ['no ttl', { ttl: undefined }, 'ttl: undefined is not allowed; every entry needs an end'],
    ['a bare number elsewhere', { ttl: '5m', staleIfError: 60 }, 'staleIfError: 60 is not allowed'],
    ['a misspelt option', { ttl: '5m', tag: ['a'] }, "tag: 'tag' is not allowed; known options are"],
    ['a share out of range', { ttl: '5m', jitter: 2 }, 'jitter: 2 is not allowed'],
    ['a refresh before the load', { ttl: '5m', refreshAhead: 1.5 }, 'refreshAhead: 1.5 is not allowed'],
    ['tags of another kind', { ttl: '5m', tags: 'user' }, "tags: 'user' is not allowed"],
    ['an empty tag', { ttl: '5m', tags: [''] }, "tags: '' is not allowed"],
    ['a key that is no function', { ttl: '5m', key: 'id' }, "key: 'id' is not allowed; it is a function"],
    [
      'a partition that is no function',
      { ttl: '5m', partition: 'acme' },
      "partition: 'acme' is not allowed; it is a function",
    ],
    ['a condition that is no function', { ttl: '5m', condition: true }, 'condition: true is not allowed'],
    [
      'positions that are names',
      { ttl: '5m', ignore: ['signal'] },
      'ignore: an array is not allowed; it lists positions',
    ],
    ['a negative position', { ttl: '5m', secret: [-1] }, 'secret: an array is not allowed; it lists positions'],
    [
      'ignore beside key',
      { ttl: '5m', key: String, ignore: [0] },
      'ignore: an array is not allowed; with a key function, leave the argument out',
    ],
    [
      'secret positions beside key',
      { ttl: '5m', key: String, secret: [0] },
      'secret: an array is not allowed; with a key function',
    ],
    ['another copy mode', { ttl: '5m', copy: 'deep' }, "copy: 'deep' is not allowed"],
    ['half a version', { ttl: '5m', version: 1.5 }, 'version: 1.5 is not allowed'],
    [
      'a cache that is none',
      { ttl: '5m', cache: new Map() },
      'cache: an object is not allowed; it is a cache made by createCache()',
    ],
    [
      'a batch of another form',
      { ttl: '5m', batch: 'set' },
      "batch: 'set' is not allowed; it is true, 'map' or 'array'",
    ],
  ])('%s', (_, options, message) => {
    expect(refusalOf({ name: 'user:by_id', ...options })).toContain(
      `@Cached on ${label} (name 'user:by_id'): ${message}`,
    )
  })

  test.each([
    ['no name', undefined, `@Cached on ${label}: name: undefined is not allowed`],
    ['an empty name', '', `@Cached on ${label} (name ''): name: '' is not allowed`],
    ['a number as a part', 'user:1', `@Cached on ${label} (name 'user:1'): name: 'user:1' is not allowed`],
    ['a brace', 'user{1}', 'is not allowed'],
    ['no string', 5, 'name: 5 is not allowed'],
  ])('%s', (_, name, message) => {
    expect(refusalOf({ name, ttl: '5m' })).toContain(message)
  })

  test('names are refused exactly when the cache refuses them', () => {
    const cache = createCache()
    const part = fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '7', '_', '-', '.', ':', '{', ' ', 'é'),
      maxLength: 8,
    })
    fc.assert(
      fc.property(part, (name) => {
        const accepts = (define: () => unknown) => {
          try {
            define()
            return true
          } catch {
            return false
          }
        }
        const decorated = accepts(() => cached(async () => 1, { name, ttl: '1m' }))
        expect(decorated).toBe(accepts(() => cache.define(name, { ttl: '1m' }, { replace: true })))
      }),
      { numRuns: 500 },
    )
  })

  test('in the other decorators and functions as well', () => {
    const where = MODE === 'legacy' ? 'Users.save' : 'save'
    const refusal = (options: object) =>
      thrownBy(() => {
        class Users {
          @Invalidates(options as never)
          async save(): Promise<void> {}
        }
        return Users
      }).message
    expect(refusal({})).toContain(
      `@Invalidates on ${where}: undefined is not allowed; give tags, resultTags, entries or names`,
    )
    expect(refusal({ tags: [] })).toContain('give tags, resultTags, entries or names')
    expect(refusal({ tag: ['a'] })).toContain(`@Invalidates on ${where}: tag: 'tag' is not allowed`)
    expect(refusal({ tags: [5] })).toContain('tags: 5 is not allowed; it holds non-empty strings')
    expect(refusal({ tags: 'a' })).toContain("tags: 'a' is not allowed")
    expect(refusal({ names: 'a' })).toContain("names: 'a' is not allowed")
    expect(refusal({ resultTags: ['a'] })).toContain('resultTags: an array is not allowed')
    expect(refusal({ entries: [5] })).toContain('entries: an array is not allowed')
    expect(refusal({ tags: ['a'], before: 1 })).toContain('before: 1 is not allowed')
    expect(refusal({ tags: ['a'], cache: {} })).toContain('cache: an object is not allowed')
    expect(refusal({ resultTags: () => [], before: true })).toContain('before: true is not allowed; there is no result')
    expect(refusal({ entries: [nameOf('a').fromResult(() => [])], before: true })).toContain('there is no result')
    const put = (options: object) =>
      thrownBy(() => {
        class Users {
          @CachePut(options as never)
          async save(): Promise<void> {}
        }
        return Users
      }).message
    expect(put({})).toContain(`@CachePut on ${where}: entry: undefined is not allowed`)
    expect(put({ entry: nameOf('a')(() => []), tags: ['a'] })).toContain('the only option is entry')
    expect(thrownBy(() => cached(async () => 1, { name: 'bad:ttl', ttl: 5 as never })).message).toContain(
      "cached() on an anonymous function (name 'bad:ttl'): ttl: 5 is not allowed",
    )
    expect(thrownBy(() => cached('fn' as never, { name: 'bad:fn', ttl: '5m' } as never))).toMatchObject({
      code: 'NOT_DECORATABLE',
    })
    expect(thrownBy(() => entryOf(class {} as never, 'a' as never)).message).toContain('entryOf(() => UserService, …)')
    expect(thrownBy(() => nameOf('a')('b' as never)).message).toContain('give a function that returns the arguments')
    const scope = (options: object) =>
      thrownBy(() => {
        @CacheScope(options)
        class Users {}
        return Users
      }).message
    expect(scope({ prefix: 'a b' })).toContain("@CacheScope on Users: prefix: 'a b' is not allowed")
    expect(scope({ cache: 5 })).toContain('@CacheScope on Users: cache: 5 is not allowed')
    expect(scope({ defaults: { ttl: '5m' } })).toContain("defaults.ttl: '5m' is not allowed")
    expect(scope({ defaults: { jitter: 3 } })).toContain('@CacheScope on Users: defaults: jitter: 3 is not allowed')
    expect(scope({ caches: 5 })).toContain('known options are cache, prefix, defaults')
    expect(thrownBy(() => defineTags({ user: 5 as never })).message).toContain('defineTags: user: 5 is not allowed')
  })
})

describe('only a method that can return a promise is decorated', () => {
  // The compiler refuses each of these; what runs without it must say why.
  const decorate = Cached({ name: 'not:decoratable', ttl: '5m' }) as (...given: unknown[]) => unknown
  const refuse = (...given: unknown[]) => {
    const refused = thrownBy(() => decorate(...given))
    expect(refused).toMatchObject({ code: 'NOT_DECORATABLE' })
    return refused.message
  }
  const context = (kind: string) => ({ kind, name: 'member', static: false, addInitializer() {} })

  test('not a getter, a field, an accessor, a parameter or a class', () => {
    class Users {
      get all() {
        return 1
      }
    }
    const getter = Object.getOwnPropertyDescriptor(Users.prototype, 'all')
    const where = "@Cached on Users.all (name 'not:decoratable')"
    expect(refuse(Users.prototype, 'all', getter)).toContain(`${where}: it is no method but an accessor`)
    expect(refuse(Users.prototype, 'all', undefined)).toContain(`${where}: a field has no method to wrap`)
    expect(refuse(Users.prototype, 'all', 0)).toContain('it is no method but a parameter')
    expect(refuse(Users)).toContain('it belongs on a method')
    for (const kind of ['getter', 'setter', 'accessor']) expect(refuse(undefined, context(kind))).toContain(` ${kind};`)
    expect(refuse(undefined, context('field'))).toContain('wrap the function with cached()')
    expect(refuse(Users, context('class'))).toContain('it belongs on a method')
  })

  test('not a generator, whose items pass by', () => {
    function* items() {
      yield 1
    }
    async function* later() {
      yield 1
    }
    expect(refuse(items, context('method'))).toContain('a generator yields an iterator')
    expect(refuse(later, context('method'))).toContain('a generator yields an iterator')
    expect(refuse({}, 'later', { value: later })).toContain('collect the items in an async method')
  })

  test('and not twice by @Cached', () => {
    const refused = thrownBy(() => {
      class Users {
        @Cached({ name: 'twice:outer', ttl: '5m' })
        @Cached({ name: 'twice:inner', ttl: '5m' })
        async byId(id: number): Promise<number> {
          return id
        }
      }
      return Users
    })
    expect(refused).toMatchObject({ code: 'NOT_DECORATABLE' })
    expect(refused.message).toContain("(name 'twice:outer'): the method is cached already")
  })
})

describe('the presets', () => {
  test('are the seed values, by what they hold and by how often it changes', () => {
    expect(TTL).toEqual({
      API_KEY: '10m',
      USER: '5m',
      PLAN: '10m',
      TRIAL: '5m',
      RATE_LIMIT: '10m',
      CREDITS: '1m',
      PRICING: '30m',
      CATALOG: '15m',
      PROVIDER: '30m',
      MODEL: '60m',
      REALTIME: '1m',
      SHORT: '5m',
      MEDIUM: '10m',
      LONG: '30m',
      STATIC: '60m',
    })
    expect(Object.isFrozen(TTL)).toBe(true)
  })

  test('stand where a duration stands, as computed ones do', () => {
    class Users {
      @Cached({ name: 'preset:user', ttl: TTL.USER, softTimeout: ms(1.5) })
      async byId(id: number): Promise<number> {
        return id
      }
    }
    expect(Users.prototype.byId).toBeTypeOf('function')
  })
})
