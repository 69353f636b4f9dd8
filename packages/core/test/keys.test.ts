import { createClassRegistry, createSecretDigester } from '@granary/serialization'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartialPolicy } from '../src/index.ts'
import { localKeyOf, planKeying } from '../src/key/keying.ts'
import { openMemory } from './stage/memory-stage.ts'
import { MONEY, Money } from './stage/money.ts'

const registry = createClassRegistry([])
const secrets = createSecretDigester('a pepper of more than sixteen bytes')
const keying = (policy: PartialPolicy<never[], never> = { ttl: '1m' }) =>
  planKeying('name', policy as unknown as PartialPolicy, { registry, secrets })

/** Argument lists that careless keys confuse with one another. */
const LOOK_ALIKES: readonly (readonly unknown[])[] = [
  [],
  [undefined],
  [null],
  ['null'],
  ['undefined'],
  [''],
  [1],
  ['1'],
  [1n],
  ['1n'],
  [true],
  ['true'],
  [0],
  [-0],
  [Number.NaN],
  ['NaN'],
  [Number.POSITIVE_INFINITY],
  [1, undefined],
  [undefined, 1],
  ['a', 'b'],
  [['a', 'b']],
  ['a,b'],
  [['a'], ['b']],
  [[['a', 'b']]],
  ['"a","b"'],
  [['a,b']],
  [{ a: 1 }],
  [{ a: '1' }],
  [{ a: 1, b: undefined }],
  ['{"a":1}'],
  ['(a=1)'],
  [new Map([['a', 1]])],
  [new Set(['a'])],
  [new Date(0)],
  [new Date(0).toISOString()],
  [Buffer.from('a')],
  [new Uint8Array([97])],
  [/a/g],
  ['/a/g'],
  ['\u0000"a"'],
  ['\u0000a'],
  ['#digest'],
  ['{braces}'],
  ['(braces)'],
  ['\\(braces\\)'],
  ['x'.repeat(64)],
  ['x'.repeat(65)],
  ['x'.repeat(1_000)],
  [`${'x'.repeat(999)}y`],
]

const argument = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom('1', 'null', '', '\u0000', '"', '\\', '#a', '{a}', 'a,b'),
    fc.integer(),
    fc.double(),
    fc.constantFrom(null, undefined, true, false, 0, -0),
    fc.bigInt(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 3 }),
  ),
})).value

describe('C1: all arguments count, canonically', () => {
  test('argument lists that look alike never share an entry, in memory or in Redis', async () => {
    const { cache } = openMemory()
    const named = cache.define<readonly unknown[], number>('look', { ttl: '1m' })
    for (const [at, args] of LOOK_ALIKES.entries()) expect(await named.getOrSet(args, () => at)).toBe(at)
    for (const [at, args] of LOOK_ALIKES.entries()) expect(await named.getOrSet(args, () => -1)).toBe(at)
    expect(new Set(LOOK_ALIKES.map((args) => named.keyOf(args))).size).toBe(LOOK_ALIKES.length)
  })

  test('the order of object keys and the identity of objects do not count', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('query', [{ page: 1, filter: { b: [1], a: 2 } }], () => 'found')
    expect(cache.peek('query', [{ filter: { a: 2, b: [1] }, page: 1 }])).toBe('found')
  })

  test.each([
    ['plain', { ttl: '1m' }],
    ['with a key function', { ttl: '1m', key: (...args: unknown[]) => args[0] }],
    ['with ignored arguments', { ttl: '1m', ignore: [1] }],
    ['with secret arguments', { ttl: '1m', secret: true }],
    ['with one secret argument', { ttl: '1m', secret: [0] }],
    ['with a partition', { ttl: '1m', partition: (...args: unknown[]) => args[1] }],
  ])('whoever knows only the key text finds the same entry in memory: names %s', (_, policy) => {
    const plan = keying(policy as never)
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 3 }), fc.array(argument, { maxLength: 3 }), (one, other) => {
        expect(plan.local(one, undefined)).toBe(localKeyOf(plan.text(one, undefined)))
        const sameText = plan.text(one, undefined) === plan.text(other, undefined)
        expect(plan.local(one, undefined) === plan.local(other, undefined)).toBe(sameText)
      }),
      { numRuns: 300, examples: LOOK_ALIKES.slice(1).map((args, at) => [[...args], [...(LOOK_ALIKES[at] ?? [])]]) },
    )
  })

  test('key texts have no braces, which would choose the slot of a cluster, and stay short', () => {
    const plan = keying()
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 4 }), (args) => {
        const text = plan.text(args, undefined)
        expect(text).not.toMatch(/[{}]/)
        expect(text.length).toBeLessThanOrEqual(400)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['a function', [() => 1], 'Argument 0'],
    ['a symbol', ['fine', Symbol('s')], 'Argument 1'],
    ['an instance of an unregistered class', [new (class Money {})()], 'Money'],
    ['something deep inside', [{ filter: { by: [Symbol('s')] } }], '.filter.by[0]'],
  ])('%s cannot be part of a key, and the error says where it is', async (_, args, part) => {
    const { cache } = openMemory()
    const call = async () => cache.getOrSet('k', args, () => 1)
    await expect(call()).rejects.toThrow(part)
    await expect(call()).rejects.toMatchObject({ code: 'UNKEYABLE_ARGUMENT' })
  })

  test('whatever returns a promise rejects it, and throws nothing', async () => {
    const { cache } = openMemory()
    const args = [Symbol('s')]
    const named = cache.define<readonly unknown[], number>('k', { ttl: '1m' })
    const refused = [
      cache.getOrSet('k', args, () => 1),
      cache.getOrSetMany('k', args, async () => [1]),
      cache.get('k', args),
      cache.set('k', args, 1),
      cache.delete('k', args),
      cache.invalidate({ entries: [{ name: 'k', args }] }),
      named.getOrSet(args, () => 1),
      named.put(args, () => 1),
      named.set(args, 1),
      named.delete(args),
    ]
    for (const result of await Promise.allSettled(refused))
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'UNKEYABLE_ARGUMENT' } })
    await expect(cache.getOrSet('other', [], () => 1, { ttl: 5 as never })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
    })
  })

  test('a cyclic argument is refused instead of walked for ever', async () => {
    const { cache } = openMemory()
    const cyclic: { self?: unknown } = {}
    cyclic.self = cyclic
    await expect((async () => cache.getOrSet('k', [cyclic], () => 1))()).rejects.toMatchObject({
      code: 'UNKEYABLE_ARGUMENT',
    })
  })

  test('a registered class may be an argument', async () => {
    const { cache } = openMemory({ classes: [MONEY] })
    await cache.getOrSet('price', [new Money(5)], () => 'five')
    expect(cache.peek('price', [new Money(5)])).toBe('five')
    expect(cache.peek('price', [new Money(6)])).toBeUndefined()
  })
})

describe('C1: which arguments count', () => {
  test('ignored arguments do not count, and the others keep their places', async () => {
    const { cache } = openMemory()
    const named = cache.define<readonly unknown[], string>('rows', { ttl: '1m', ignore: [1] })
    await named.getOrSet(['a', new AbortController().signal, 'b'], () => 'first')
    expect(named.peek(['a', undefined, 'b'])).toBe('first')
    expect(named.peek(['a', 'b'])).toBeUndefined()
    await named.getOrSet(['a', () => 'a logger'], () => 'second')
    expect(named.peek(['a'])).toBe('second')
  })

  test('a key function sees the instance and the arguments, and decides alone', async () => {
    const { cache } = openMemory()
    const named = cache.define<[{ id: number; seen: number }], string>('user', {
      ttl: '1m',
      key: function (this: { tenant: string }, user: { id: number }) {
        return [this.tenant, user.id]
      },
    })
    await named.getOrSet([{ id: 1, seen: 1 }], () => 'ada', { tenant: 'a' })
    expect(named.peek([{ id: 1, seen: 2 }], { tenant: 'a' })).toBe('ada')
    expect(named.peek([{ id: 1, seen: 1 }], { tenant: 'b' })).toBeUndefined()
  })

  test('a partition separates tenants whose arguments are equal', async () => {
    const { cache } = openMemory()
    const named = cache.define<[string], string>('orders', {
      ttl: '1m',
      partition: function (this: { tenant: string }) {
        return this.tenant
      },
    })
    expect(await named.getOrSet(['open'], () => 'of a', { tenant: 'a' })).toBe('of a')
    expect(await named.getOrSet(['open'], () => 'of b', { tenant: 'b' })).toBe('of b')
    expect(await named.getOrSet(['open'], () => 'again', { tenant: 'a' })).toBe('of a')
  })

  test('incident 8: no part of a request can be left out by accident, so answers do not leak between users', async () => {
    const { cache } = openMemory()
    const request = { model: 'm', messages: ['hi'], provider: 'p', isPrivate: false }
    await cache.getOrSet('answer', [7, request], () => 'for 7')
    for (const other of [
      [8, request],
      [7, { ...request, provider: 'q' }],
      [7, { ...request, isPrivate: true }],
      [7, { ...request, developer: 'd' }],
    ])
      expect(cache.peek('answer', other)).toBeUndefined()
  })

  test('incident 6: two names never share an entry, so two shapes of one thing cannot overwrite each other', async () => {
    const { cache } = openMemory()
    await cache.getOrSet('catalog:flat', ['all'], () => ['model'])
    await cache.getOrSet('catalog:unique', ['all'], () => ({ model: [] }))
    expect(cache.peek('catalog:flat', ['all'])).toEqual(['model'])
    expect(cache.peek('catalog:unique', ['all'])).toEqual({ model: [] })
  })
})

describe('C1: names and versions', () => {
  test('a key is namespace, name, version and arguments', () => {
    const { cache } = openMemory({ namespace: 'shop' })
    expect(cache.define('user:by-id', { ttl: '1m' }).keyOf([42])).toBe('shop:user:by-id:1:42')
    expect(cache.define('user:by-name', { ttl: '1m', version: 3 }).keyOf(['ada', 1])).toBe(
      'shop:user:by-name:3:"ada",1',
    )
  })

  test('a new version starts empty, and the old one is still there for those who ask for it', async () => {
    const { cache } = openMemory()
    await cache.define<[number], string>('user', { ttl: '1m' }).getOrSet([1], () => 'old shape')
    const next = cache.define<[number], string>('user', { ttl: '1m', version: 2 }, { replace: true })
    expect(next.peek([1])).toBeUndefined()
    const back = cache.define<[number], string>('user', { ttl: '1m' }, { replace: true })
    expect(back.peek([1])).toBe('old shape')
  })

  test('no name can end where the version of another begins', () => {
    const { cache } = openMemory()
    for (const name of ['a:1', 'a:1:b', '1', 'a::b', ':a', 'a:', 'a b', '', 'a{b}', 'é', 'a'.repeat(201)])
      expect(() => cache.define(name, { ttl: '1m' }), name).toThrow(/^name: /)
    for (const name of ['a:1b', 'a:b', 'a.b-c_d', 'a1:b2']) expect(cache.define(name, { ttl: '1m' }).name).toBe(name)
  })

  test('keys of different names, versions and arguments are different', () => {
    const part = fc.stringMatching(/^[a-c1-2.-]{1,3}$/)
    const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(':'))
    const entry = fc.record({
      name: name.filter((text) => /^[a-c]/.test(text) && !/:\d+(:|$)/.test(text)),
      version: fc.integer({ min: 1, max: 3 }),
      args: fc.array(fc.constantFrom('b', 'b:1', ':', 1, '1', '2:b'), { maxLength: 2 }),
    })
    fc.assert(
      fc.property(entry, entry, (one, other) => {
        const [first, second] = [one, other].map(({ name, version, args }) =>
          openMemory().cache.define(name, { ttl: '1m', version }).keyOf(args),
        )
        expect(first === second).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { numRuns: 60 },
    )
  })

  test('two different policies under one name are refused, and replaced only on request', () => {
    const { cache } = openMemory()
    const policy = { ttl: '1m' } as const
    const first = cache.define('user', policy)
    expect(cache.define('user', policy)).toBe(first)
    expect(() => cache.define('user', { ttl: '2m' })).toThrow(/'user' is already defined/)
    expect(cache.define('user', { ttl: '2m' }, { replace: true })).not.toBe(first)
  })

  test('namespaces are separate applications', async () => {
    const [one, other] = [openMemory({ namespace: 'one' }), openMemory({ namespace: 'other' })]
    await one.cache.getOrSet('user', [1], () => 'ada')
    expect(other.cache.peek('user', [1])).toBeUndefined()
    expect(one.cache.define('n', { ttl: '1m' }).keyOf([])).not.toBe(other.cache.define('n', { ttl: '1m' }).keyOf([]))
  })
})

describe('C1: invalidating by arguments finds what was cached by them', () => {
  test.each([
    ['all arguments', { ttl: '1m' }],
    ['a key function', { ttl: '1m', key: (user: { id: string }) => user.id }],
    ['a key function that returns a number', { ttl: '1m', key: (user: { n: number }) => user.n }],
    ['a key function that returns a list', { ttl: '1m', key: (user: { id: string; n: number }) => [user.id, user.n] }],
    ['ignored arguments', { ttl: '1m', ignore: [1] }],
    ['secrets', { ttl: '1m', secret: true }],
    ['a partition', { ttl: '1m', partition: () => 'tenant' }],
  ])('names keyed by %s', async (_, policy) => {
    const { cache } = openMemory({ pepper: 'a pepper of more than sixteen bytes' })
    const named = cache.define<readonly unknown[], number>('user', policy as never)
    const args = [{ id: 'ada', n: 7 }, 'context']
    let loads = 0
    const read = () => named.getOrSet(args, () => ++loads)
    expect([await read(), await read()]).toEqual([1, 1])
    await named.delete(args)
    expect([named.peek(args), await read()]).toEqual([undefined, 2])
    await cache.invalidate({ entries: [{ name: 'user', args }] })
    expect([named.peek(args), await read()]).toEqual([undefined, 3])
  })
})
