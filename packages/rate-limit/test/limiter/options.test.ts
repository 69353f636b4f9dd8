import { describe, expect, test } from 'vitest'
import { bucket, concurrency, createRateLimiter, fixedWindow, type Limit, quota, window } from '../../src/index.ts'
import { SILENT } from '../support/limiter.ts'

const limiter = createRateLimiter()

describe('what cannot be used is refused where it is written, naming the option, the value and what is allowed', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['a negative limit', () => window(-1, '1m'), /window\(limit\): -1 is not allowed; it is a whole number from 0/],
    ['half a unit', () => window(1.5, '1m'), /1.5 is not allowed/],
    ['a length without a unit', () => window(1, 60 as never), /window\(length\): 60 is not allowed/],
    ['an exact window of millions', () => window(5_000, '1m', { exact: true }), /from 0 to 1000/],
    ['no sub-windows', () => window(5, '1m', { precision: 0 }), /precision: 0/],
    ['a bucket that never fills', () => bucket({ rate: 0, per: '1s', burst: 1 }), /bucket rate: 0/],
    ['a bucket faster than time', () => bucket({ rate: 2_000_000, per: '1s', burst: 1 }), /one unit per microsecond/],
    [
      'a zone nobody lives in',
      () => quota(1, { every: 'day', timeZone: 'Mars/Olympus' }),
      /quota timeZone: 'Mars\/Olympus'/,
    ],
    ['a quota per week', () => quota(1, { every: 'week' as never }), /it is 'day' or 'month'/],
    ['too many places', () => concurrency(2_000, { lease: '1s' }), /from 0 to 1024/],
    ['a place without a lease', () => concurrency(1, {} as never), /concurrency lease/],
    ['a unit that is no word', () => fixedWindow(1, '1s', { unit: 'Tokens!' }), /unit: 'Tokens!'/],
    ['no limits', () => limiter.define('none', { limits: {} }), /from 1 to 10 limits/],
    ['a limit of no kind', () => limiter.define('odd', { limits: { odd: {} as Limit } }), /use window\(\), bucket\(\)/],
    [
      'two kinds of places',
      () =>
        limiter.define('two', { limits: { a: concurrency(1, { lease: '1s' }), b: concurrency(1, { lease: '1s' }) } }),
      /at most one/,
    ],
    ['a name with spaces', () => limiter.define('my limits', { limits: { a: window(1, '1s') } }), /name: 'my limits'/],
    [
      'a policy that does not exist',
      () => limiter.define('p', { limits: { a: window(1, '1s') }, onStoreFailure: 'ignore' as never }),
      /'local', 'open' or 'closed'/,
    ],
    [
      'a penalty that shrinks',
      () => limiter.define('q', { limits: { a: window(1, '1s') }, penalty: { after: 1, first: '1h', max: '1m' } }),
      /penalty max/,
    ],
    [
      'a secret in Redis without a pepper',
      () =>
        createRateLimiter({ redis: 'redis://127.0.0.1:1', logger: SILENT }).define('s', {
          limits: { a: window(1, '1s') },
          secret: true,
        }),
      /pepper/,
    ],
    [
      'a logger that cannot warn',
      () => createRateLimiter({ logger: {} as never }),
      /logger.warn: undefined .* methods/,
    ],
    [
      'a listener to no event',
      () => limiter.on('storeLost' as never, () => {}),
      /on: type: 'storeLost' is not allowed; events are store-lost, store-returned, call-refused/,
    ],
    ['a listener that is none', () => limiter.on('store-lost', {} as never), /on: listener: an object/],
    ['a namespace with a colon', () => createRateLimiter({ namespace: 'a:b' }), /namespace: 'a:b'/],
    [
      'a misspelt option',
      () => createRateLimiter({ redi: 'redis://127.0.0.1:1' } as never),
      /redi: 'redi' is not allowed; known options are namespace, redis/,
    ],
    [
      'a Redis that is none',
      () => createRateLimiter({ redis: {} as never }),
      /redis: an object is not allowed; ioredis options have host, port/,
    ],
  ])('%s', (_, use, message) => {
    expect(use).toThrow(message)
  })

  test.each<[string, (set: ReturnType<typeof anySet>) => Promise<unknown>, RegExp]>([
    ['an empty subject', (set) => set.check(''), /subject: ''/],
    ['a subject that is no text', (set) => set.check(7 as never), /subject: 7/],
    [
      'a cost of a limit that is not there',
      (set) => set.check('key', { minutes: 1 } as never),
      /costs: 'minutes' is not allowed; the limits are 'minute'/,
    ],
    ['a negative cost', (set) => set.check('key', { minute: -1 }), /costs.minute: -1/],
  ])('%s', async (_, use, message) => {
    await expect(use(anySet())).rejects.toThrow(message)
  })
})

let sets = 0

function anySet() {
  return limiter.define(`any${++sets}`, { limits: { minute: window(1, '1m') } })
}

describe('a name', () => {
  test('belongs to one set of options: the same object gives the same set, another one throws unless it replaces', () => {
    const options = { limits: { minute: window(1, '1m') } }
    const set = limiter.define('once', options)
    expect(limiter.define('once', options)).toBe(set)
    expect(() => limiter.define('once', { ...options })).toThrow(/already defined/)
    const replaced = limiter.define('once', { ...options }, { replace: true })
    expect(replaced).not.toBe(set)
    expect(limiter.get('once')).toBe(replaced)
    expect(limiter.names()).toContain('once')
  })
})
