import fc from 'fast-check'
import { type RedisOptions as ClientOptions, Redis } from 'ioredis'
import { describe, expect, expectTypeOf, test } from 'vitest'
import {
  type CacheOptions,
  createCache,
  type Duration,
  GranaryError,
  ms,
  parseDuration,
  type RedisOptions,
  redisHandle,
} from '../src/index.ts'
import type { ClientOption } from '../src/options/redis-client.ts'
import { type CLIENT_OPTIONS, checkClientOptions } from '../src/redis/settings/client-options.ts'
import { openMemory } from './stage/memory-stage.ts'

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** What refuses an option, which must name it, and say what is allowed. */
function refusal(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    expect(GranaryError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ name: 'InvalidOption', code: 'INVALID_OPTION' })
    return error as Error
  }
  throw new Error('It was accepted.')
}

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['3650d', 315_360_000_000],
  ] as const)('%s is %d milliseconds', (text, milliseconds) => {
    expect(parseDuration(text, 'ttl')).toBe(milliseconds)
  })

  test.each([
    30,
    30_000,
    0,
    Number.NaN,
    '-5s',
    '0s',
    '00s',
    '05s',
    '1e3ms',
    '1.5s',
    '30',
    '30 s',
    ' 30s',
    '30s ',
    '30S',
    '30sec',
    's',
    '',
    '٣s',
    '5m30s',
    '3651d',
    '99999999999999999999s',
    null,
    {},
    [],
    new Date(),
    () => '5s',
    true,
  ])('%j is refused, by name', (wrong) => {
    const { message } = refusal(() => parseDuration(wrong as Duration, 'user: ttl'))
    expect(message).toMatch(/^user: ttl: .* is not allowed; /)
    expect(message).toMatch(/'5m'|ten years/)
  })

  test('ms() makes one of a computed number, rounded up', () => {
    expect(ms(1_500)).toBe('1500ms')
    expect(ms(0.2)).toBe('1ms')
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 315_360_000_000, noNaN: true }), (milliseconds) => {
        expect(parseDuration(ms(milliseconds), 'ttl')).toBe(Math.ceil(milliseconds))
      }),
    )
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e15, '5'])('ms(%s) is refused', (wrong) => {
    expect(refusal(() => ms(wrong as number)).message).toMatch(/^ms\(\): /)
  })
})

describe('the mistakes of a policy are refused when the name is defined', () => {
  const POLICY = { ttl: '5m' } as const

  test.each([
    ['no ttl (incident 17)', { ttl: undefined }, 'ttl', /every entry needs an end/],
    ['a bare number as ttl', { ttl: 300 }, 'ttl', /'5m'/],
    ['a ttl below zero', { ttl: '-5s' }, 'ttl', /'-5s'/],
    ['a ttl of nothing', { ttl: '0s' }, 'ttl', /'0s'/],
    ['an exponent', { ttl: '1e3ms' }, 'ttl', /'1e3ms'/],
    ['a number as negativeTtl', { negativeTtl: 30 }, 'negativeTtl', /30/],
    ['a number as staleWhileRevalidate', { staleWhileRevalidate: 30 }, 'staleWhileRevalidate', /30/],
    ['a number as staleIfError', { staleIfError: 30 }, 'staleIfError', /30/],
    ['a number as softTimeout', { softTimeout: 100 }, 'softTimeout', /100/],
    ['a number as hardTimeout', { hardTimeout: 100 }, 'hardTimeout', /100/],
    ['a misspelt option', { tll: '5m' }, 'tll', /known options are ttl/],
    ['refreshAhead in percent', { refreshAhead: 80 }, 'refreshAhead', /0\.01 to 0\.99/],
    ['refreshAhead of everything', { refreshAhead: 1 }, 'refreshAhead', /0\.99/],
    ['a beta below zero', { beta: -1 }, 'beta', /0 to 100/],
    ['jitter in percent', { jitter: 10 }, 'jitter', /0 to 0\.5/],
    ['jitter that is no number', { jitter: Number.NaN }, 'jitter', /NaN/],
    ['a version of nothing', { version: 0 }, 'version', /1 to 1000000/],
    ['half a version', { version: 1.5 }, 'version', /whole number/],
    ['an unknown copy', { copy: 'deep' }, 'copy', /'freeze', 'clone', 'trust'/],
    ['an unknown consistency', { consistency: 'eventual' }, 'consistency', /'bus', 'strong'/],
    ['encrypt that is no boolean', { encrypt: 'yes' }, 'encrypt', /true or false/],
    ['one tag instead of a list', { tags: 'user' }, 'tags', /array of strings/],
    ['an empty tag', { tags: ['user', ''] }, 'tags', /non-empty string/],
    ['a tag that is a number', { tags: [1] }, 'tags', /non-empty string/],
    ['negativeTags that are no function', { negativeTags: ['a'] }, 'negativeTags', /function/],
    ['a condition that is no function', { condition: true }, 'condition', /function/],
    ['a shouldCache that is no function', { shouldCache: false }, 'shouldCache', /function/],
    ['a key that is no function', { key: 'id' }, 'key', /function/],
    ['a partition that is no function', { partition: 'tenant' }, 'partition', /function/],
    ['one ignored position instead of a list', { ignore: 1 }, 'ignore', /positions/],
    ['an ignored position below zero', { ignore: [-1] }, 'ignore', /positions/],
    ['a secret position that is a name', { secret: ['key'] }, 'secret', /positions/],
    ['a key function and ignored arguments', { key: (): number => 1, ignore: [0] }, 'ignore', /key function/],
    ['a key function and secret positions', { key: (): number => 1, secret: [0] }, 'secret', /secret: true/],
  ])('%s', (_, wrong, option, says) => {
    const { cache } = openMemory()
    const { message } = refusal(() => cache.define('user', { ...POLICY, ...wrong } as never))
    expect(message.startsWith(`user: ${option}: `)).toBe(true)
    expect(message).toMatch(says)
  })

  test('a policy is copied: changing its lists afterwards changes nothing', async () => {
    const { cache } = openMemory()
    const tags = ['first']
    const named = cache.define<[], string>('user', { ttl: '5m', tags })
    tags[0] = 'second'
    await named.getOrSet([], () => 'ada')
    await cache.invalidateTags(['first'])
    expect(named.peek([])).toBeUndefined()
  })

  test("the cache's defaults hold for names that do not say otherwise", async () => {
    const { cache, clock } = openMemory({ defaults: { ttl: '10s', jitter: 0 } })
    await cache.getOrSet('short', [], () => 1)
    await cache.getOrSet('long', [], () => 1, { ttl: '20s' })
    await clock.advanceAsync(10_000)
    expect([cache.peek('short', []), cache.peek('long', [])]).toEqual([undefined, 1])
  })
})

describe('the mistakes of createCache are refused at once', () => {
  test('every option that an ioredis client has is known, and passed on', () => {
    type Unknown = Exclude<keyof ClientOptions, (typeof CLIENT_OPTIONS)[number]>
    const isWhole: [Unknown] extends [never] ? true : Unknown = true
    expect(isWhole).toBe(true)
    const passed = {
      host: 'h',
      port: 1,
      db: 2,
      username: 'u',
      password: 'p',
      tls: {},
      connectionName: 'n',
      keyPrefix: '',
    }
    expect(() => checkClientOptions(passed, false)).not.toThrow()
    expect(() => checkClientOptions({ username: 'u', password: 'p', tls: {}, natMap: {} }, true)).not.toThrow()
  })

  test('what is misspelt is not shown: it may be a password', () => {
    // @ts-expect-error: nor does it compile
    const { message } = refusal(() => createCache({ redis: { host: 'h', pasword: 'hunter2' } }))
    expect(message).not.toContain('hunter2')
  })

  test('what compiles are the options of an ioredis client, and those alone', () => {
    expectTypeOf<ClientOptions>().toExtend<RedisOptions>()
    expectTypeOf<ClientOptions>().toExtend<NonNullable<CacheOptions['redis']>>()
    expectTypeOf<ClientOption>().toEqualTypeOf<(typeof CLIENT_OPTIONS)[number]>()
    expectTypeOf<keyof RedisOptions>().not.toEqualTypeOf<string>()
    const nodes: CacheOptions = {
      // @ts-expect-error: an option that no client has, beside nodes
      redis: { cluster: ['redis://127.0.0.1:1'], pasword: 'x' },
    }
    const port: CacheOptions = {
      // @ts-expect-error: a variable is text
      redis: { host: 'h', port: '6379' },
    }
    const fair: CacheOptions = { redis: { cluster: ['redis://127.0.0.1:1'], password: 'x', tls: {} } }
    expect([nodes, port, fair]).toHaveLength(3)
  })

  test.each([
    ['a misspelt option', { namespaces: 'a' }, 'namespaces', /known options are namespace/],
    ['an empty namespace', { namespace: '' }, 'namespace', /1 to 64/],
    ['a namespace with a colon', { namespace: 'a:b' }, 'namespace', /letters/],
    ['a namespace with braces', { namespace: '{a}' }, 'namespace', /letters/],
    ['no room for entries', { memory: { maxEntries: 0 } }, 'memory.maxEntries', /1 to/],
    ['a misspelt bound', { memory: { maxEntires: 10 } }, 'memory.maxEntires', /known/],
    ['a misspelt option of redis', { redis: { client: 'redis://h', callbudget: '1s' } }, 'redis.callbudget', /known/],
    ['outage without its option', { outage: { serveFor: '5s' } }, 'outage.serveFor', /known/],
    ['enabled in words', { enabled: 'no' }, 'enabled', /true or false/],
    ['half an entry', { memory: { maxEntries: 1.5 } }, 'memory.maxEntries', /whole/],
    ['a limit in words', { memory: { maxBytes: '64mb' } }, 'memory.maxBytes', /number/],
    ['a number as maxStaleness', { maxStaleness: 1_000 }, 'maxStaleness', /1000/],
    ['a number as serveL1For', { outage: { serveL1For: 5 } }, 'outage.serveL1For', /5/],
    ['a default that is wrong', { defaults: { ttl: 5 } }, 'defaults: ttl', /5/],
    ['a default that is no option', { defaults: { tags: 5 } }, 'defaults: tags', /./],
    ['a URL that is none', { redis: 'localhost:6379' }, 'redis', /redis:\/\//],
    ['a bare hostname (incident 24)', { redis: 'redis-host' }, 'redis', /redis:\/\/localhost/],
    ['a URL of something else', { redis: 'http://localhost:6379' }, 'redis', /rediss/],
    ['a URL whose path is no database', { redis: 'redis://localhost/cache' }, 'redis', /database number/],
    ['an option no client knows', { redis: { host: 'h', pasword: 'x' } }, 'redis.pasword', /password/],
    ['a budget among the nodes', { redis: { cluster: ['redis://h'], callBudget: '1s' } }, 'redis.callBudget', /beside/],
    ['a budget among the options', { redis: { host: 'h', callBudget: '1s' } }, 'redis.callBudget', /client/],
    ['a host beside nodes', { redis: { cluster: ['redis://h'], host: 'h' } }, 'redis.host', /cluster/],
    ['a prefix of keys', { redis: { host: 'h', keyPrefix: 'app:' } }, 'redis.keyPrefix', /namespace/],
    ['a replica', { redis: { host: 'h', readOnly: true } }, 'redis.readOnly', /master/],
    ['the role of a replica', { redis: { sentinels: [], name: 'm', role: 'slave' } }, 'redis.role', /master/],
    ['sentinels of no group', { redis: { sentinels: [{ host: 'h', port: 1 }] } }, 'redis.name', /group/],
    ['no sentinels', { redis: { sentinels: [], name: 'm' } }, 'redis.sentinels', /at least one/],
    ['a URL that is an object', { redis: new URL('redis://h:7000') }, 'redis', /a URL as text/],
    ['a socket and a port', { redis: { path: '/tmp/redis.sock', port: 1 } }, 'redis.path', /socket/],
    ['options that say nothing', { redis: {} }, 'redis', /host, port, path, sentinels.*'env'/],
    ['options that say not where', { redis: { password: 'x', db: 1 } }, 'redis', /host, port, path, sentinels/],
    ['the same as a client', { redis: { client: {} } }, 'redis', /host, port, path, sentinels/],
    [
      'a host from a variable not set',
      { redis: { host: undefined } },
      'redis.host',
      /undefined is not allowed; it is where/,
    ],
    [
      'the same with a port',
      { redis: { host: undefined, port: 6379 } },
      'redis.host',
      /undefined is not allowed; it is where/,
    ],
    [
      'a host from an empty variable',
      { redis: { host: '', port: 6379 } },
      'redis.host',
      /'' is not allowed; it is where/,
    ],
    ['a client from a variable not set', { redis: { client: undefined } }, 'redis', /undefined is not allowed.*'env'/],
    [
      'a logger of no methods',
      { logger: {} },
      'logger.debug',
      /undefined is not allowed; a logger has methods debug, info/,
    ],
    [
      'a logger that cannot warn',
      { logger: { debug() {}, info() {}, error() {} } },
      'logger.warn',
      /methods debug, info/,
    ],
    ['a logger that is a function without them', { logger: console.log }, 'logger.debug', /undefined is not allowed/],
    [
      'a level in words',
      { logger: { ...SILENT, isLevelEnabled: 'warn' } },
      'logger.isLevelEnabled',
      /a function of a level/,
    ],
    ['a number as redis', { redis: 6379 }, 'redis', /URL/],
    ['null as redis', { redis: null }, 'redis', /URL/],
    ['a client of node-redis', { redis: { duplicate() {}, sendCommand() {} } }, 'redis', /ioredis.*give its URL/],
    ['one with options', { redis: { client: { duplicate() {}, sendCommand() {} } } }, 'redis', /ioredis.*URL/],
    ['a number as callBudget', { redis: { client: 'redis://h', callBudget: 250 } }, 'redis.callBudget', /250/],
    ['a lease of a minute', { redis: { client: 'redis://h', leaseTime: '1m' } }, 'redis.leaseTime', /30s/],
    ['required that is no boolean', { redis: { client: 'redis://h', required: 1 } }, 'redis.required', /true or false/],
  ])('%s', (_, wrong, option, says) => {
    const { message } = refusal(() => createCache(wrong as CacheOptions))
    expect(message.startsWith(`${option}: `)).toBe(true)
    expect(message).toMatch(says)
  })

  test.each([
    'redis://:hunter2@localhost/nonsense',
    'redis://:base64/hunter2@localhost:6379',
    'redis://user:p@hunter2@localhost/nonsense',
    'rediss://user:p?hunter2@localhost/nonsense',
    'rediss://user:p#hunter2@localhost',
    'redis://localhost/nonsense?password=hunter2',
  ])('a password in a URL that is refused is not told: %s', (redis) => {
    const { message } = refusal(() => createCache({ redis }))
    expect(message).not.toContain('hunter2')
  })

  test('a password in a URL object that is refused is not told', () => {
    const { message } = refusal(() => createCache({ redis: new URL('redis://:hunter2@localhost') as never }))
    expect(message).not.toContain('hunter2')
  })

  test('the options that a client of ioredis has resolved are taken, nulls and all', async () => {
    const client = new Redis({ host: 'h', port: 7000, lazyConnect: true })
    expect(client.options).toMatchObject({ sentinels: null })
    const { kind } = redisHandle(client.options as RedisOptions)
    expect(kind).toBe('single')
    expect(() => checkClientOptions({ host: 'h', path: null, preferredSlaves: null } as never, false)).not.toThrow()
    client.disconnect()
  })

  test('a logger may be a function that has the methods', async () => {
    const logger = Object.assign(() => {}, SILENT)
    await createCache({ logger }).close()
  })

  test('an encryption key of the wrong length is refused', () => {
    expect(() => createCache({ encrypt: { keys: [{ id: 'k', key: Buffer.alloc(16) }] } })).toThrow(/exactly 32/)
  })

  test('a class that is registered twice is refused', () => {
    class Money {}
    const registration = { name: 'Money', type: Money, toData: () => 0, fromData: () => new Money() } as never
    expect(() => createCache({ classes: [registration, registration] })).toThrow(/Money/)
  })
})

describe('what plain JavaScript may hand over by mistake is refused at once', () => {
  test('a call without a loader, or with its loader in the place of its arguments', async () => {
    const { cache } = openMemory()
    const users = cache.define('user', { ttl: '5m' })
    await users.getOrSet([42], async () => 'Ada')
    const loader = async () => 'Ada'
    const wrong = (...given: unknown[]) => cache.getOrSet(...(given as Parameters<typeof cache.getOrSet>))
    await expect(wrong('user', [42]), 'although it would be a hit').rejects.toThrow(
      'user: loader: undefined is not allowed; it is a function that returns the value.',
    )
    await expect(wrong('user', loader)).rejects.toThrow('user: args: function loader is not allowed; they are a list')
    await expect(wrong('user')).rejects.toThrow(
      'user: args: undefined is not allowed; they are a list, such as [42] or [].',
    )
    await expect(users.getOrSetMany([[1]], undefined as never)).rejects.toThrow('user: loader: undefined')
    await expect(cache.getOrSetMany('user', 7 as never, async () => [])).rejects.toThrow('user: args: 7')
    await expect(cache.getOrSetMany('user', [7], 'load' as never)).rejects.toThrow("user: loader: 'load'")
    await expect(users.put([42], undefined as never)).rejects.toThrow('user: write: undefined')
    expect(await users.get([42])).toBe('Ada')
  })

  test('a listener to an event that does not exist, and one that cannot be called', () => {
    const { cache } = openMemory()
    expect(refusal(() => cache.on('entryHit' as never, () => {})).message).toMatch(
      /^on: type: 'entryHit' is not allowed; events are entry-hit, entry-missed, .*advice-given\.$/,
    )
    expect(refusal(() => cache.on('toString' as never, () => {})).message).toContain("on: type: 'toString'")
    expect(refusal(() => cache.on('entry-hit', undefined as never)).message).toContain('on: listener: undefined')
  })
})

describe('errors', () => {
  test('every error of the package is recognised, also one of another copy', () => {
    const error = refusal(() => ms(0))
    expect(GranaryError.isInstance(error)).toBe(true)
    expect(GranaryError.isInstance({ [Symbol.for('granary.error')]: true })).toBe(true)
    expect(GranaryError.isInstance(new Error('no'))).toBe(false)
    expect(GranaryError.isInstance(null)).toBe(false)
  })

  test('they carry a code, and their message says what to do', () => {
    const { cache } = openMemory()
    cache.define('user', { ttl: '5m' })
    expect(() => cache.define('user', { ttl: '6m' })).toThrow(
      expect.objectContaining({ code: 'NAME_TAKEN', message: expect.stringContaining('replace: true') }),
    )
  })
})
