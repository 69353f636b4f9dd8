import fc from 'fast-check'
import { Unpackr } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { copyOf, createClassRegistry, createCodec, examine, UncacheableValue } from '../src/index.ts'
import { anyValue } from './any-value.ts'
import { c9Values, classes, identical, Money } from './c9-values.ts'

const registry = createClassRegistry(classes)
const codec = createCodec({ classes: registry })
const roundTrip = (value: unknown) => codec.decode(codec.encode(value))

describe('every kind of value comes back as it went in', () => {
  test.for(c9Values)('$name', ({ make }) => {
    expect(identical(make(), make()), 'the comparison accepts two copies').toBe(true)
    expect(identical(roundTrip(make()), make())).toBe(true)
  })

  test.for(c9Values)('$name, as one of several properties', ({ make }) => {
    const whole = () => ({ before: [1, 'x'], value: make(), after: { same: [make()] } })
    expect(identical(roundTrip(whole()), whole())).toBe(true)
  })

  test.for(c9Values)('$name, when it was frozen before it was encoded', ({ make }) => {
    const value = make()
    const found = examine(value, { registry, freeze: true })
    if (!found.ok) throw new Error(found.reason)
    expect(identical(codec.decode(codec.encode(value, found.special)), make())).toBe(true)
  })

  test('whatever can be generated', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(identical(roundTrip(value), value)).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })

  test('one codec writes thousands of different shapes, and reads them all back', () => {
    const values = Array.from({ length: 4000 }, (_, index) => ({
      [`a${index % 1500}`]: index,
      [`b${index % 7}`]: { [`c${index % 311}`]: [index] },
    }))
    for (const value of values) expect(roundTrip(value)).toEqual(value)
    expect(roundTrip(values)).toEqual(values)
  })
})

describe('the bytes are MessagePack', () => {
  const msgpackr = new Unpackr({ useRecords: true, moreTypes: true, structuredClone: false, mapsAsObjects: false })

  test('msgpackr reads the same value out of the bytes of unmarked values', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const found = examine(value, { registry, freeze: false })
        fc.pre(found.ok && !found.special)
        expect(identical(msgpackr.unpack(codec.encode(value).subarray(1)), value)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('what would not come back equal is refused, with its place', () => {
  class Unknown {}
  const cases: readonly [string, unknown, string, RegExp][] = [
    ['a function', { user: { onChange: () => 1 } }, '.user.onChange', /a function/],
    ['a symbol', [1, [Symbol('x')]], '[1][0]', /a symbol/],
    ['an unregistered class', { list: [new Unknown()] }, '.list[0]', /unregistered class Unknown/],
    ['a subclass of a registered class', new (class Euro extends Money {})(1n, 'EUR'), '', /unregistered class Euro/],
    [
      'a subclass of a built-in',
      new Map([['k', new (class Stamp extends Date {})()]]),
      '<value 0>',
      /unregistered class Stamp/,
    ],
    ['a promise', { a: Promise.resolve(1) }, '.a', /unregistered class Promise/],
    ['a boxed primitive', [new String('x')], '[0]', /unregistered class String/],
    ['a weak map', new Set([new WeakMap()]), '<value 0>', /unregistered class WeakMap/],
    ['a symbol property', { a: { [Symbol('s')]: 1 } }, '.a', /symbol properties/],
    ['an array with a name', { match: 'abc'.match(/b/) }, '.match', /properties of its own/],
    ['a hole', { list: [1, new Array(1)] }, '.list[1]', /an array with holes/],
    ['a date with a property', Object.assign(new Date(0), { note: 1 }), '', /properties of its own/],
    ['an impostor of a date', { 'when ever': Object.create(Date.prototype) }, '', /cannot be read/],
    ['an unregistered error', new (class ApiError extends Error {})('x'), '', /unregistered class ApiError/],
    [
      'a throwing accessor',
      {
        get broken() {
          throw new Error('no')
        },
      },
      '',
      /cannot be read/,
    ],
  ]

  test.for(cases)('%s', ([, value, path, reason]) => {
    expect(examine(value, { registry, freeze: true })).toMatchObject({
      ok: false,
      path,
      reason: expect.stringMatching(reason),
    })
    expect(() => codec.encode(value)).toThrow(UncacheableValue)
  })

  test('a message says where it stands and what to do', () => {
    expect(() => codec.encode({ user: { onChange: () => 1 } })).toThrow(
      'The value at .user.onChange is a function and would not come back equal: register its class with the option classes, or return plain data.',
    )
  })

  test('a value nested too deeply, both ways', () => {
    let deep: unknown = 1
    for (let level = 0; level < 300; level++) deep = [deep]
    expect(examine(deep, { registry, freeze: true })).toMatchObject({
      ok: false,
      reason: 'nested deeper than 256 levels',
    })
    const bytes = createCodec({ maxDepth: 400 }).encode(deep)
    expect(() => codec.decode(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_LIMIT' }))
  })

  test('a value that is too large, both ways', () => {
    const small = createCodec({ maxBytes: 1000 })
    expect(() => small.encode('x'.repeat(1001))).toThrow(UncacheableValue)
    expect(() => small.decode(codec.encode('x'.repeat(1001)))).toThrow(expect.objectContaining({ code: 'FRAME_LIMIT' }))
    expect(small.decode(small.encode('x'.repeat(900)))).toBe('x'.repeat(900))
  })

  test('an instance that contains itself', () => {
    class Node {
      next: unknown = this
    }
    const own = createClassRegistry([
      {
        name: 'Node',
        type: Node,
        toData: (node: Node) => [node.next],
        fromData: ([next]: [unknown]) => Object.assign(new Node(), { next }),
      },
    ])
    expect(examine(new Node(), { registry: own, freeze: true })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('contains itself'),
    })
  })

  test('an instance whose toData throws', () => {
    class Moody {}
    const own = createClassRegistry([
      {
        name: 'Moody',
        type: Moody,
        toData: () => {
          throw new Error('not today')
        },
        fromData: () => new Moody(),
      },
    ])
    expect(examine({ a: new Moody() }, { registry: own, freeze: true })).toMatchObject({
      ok: false,
      path: '.a',
      reason: expect.stringContaining('not today'),
    })
  })
})

describe('copies', () => {
  test.for(c9Values)('a copy of $name is identical, and shares nothing that can change', ({ make }) => {
    const value = make()
    examine(value, { registry, freeze: true })
    const copy = copyOf(value, registry)
    expect(identical(copy, make())).toBe(true)
    expect(sharedMutable(value, copy)).toEqual([])
  })
})

/** Objects reachable from both that somebody could change. */
function sharedMutable(left: unknown, right: unknown): object[] {
  const ours = reachable(left)
  return [...reachable(right)].filter((object) => ours.has(object) && !(Object.isFrozen(object) && isPlain(object)))
}

function isPlain(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}

function reachable(value: unknown, found = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found
  found.add(value)
  if (value instanceof Map) for (const [key, inner] of value) reachable(inner, reachable(key, found))
  else if (value instanceof Set) for (const inner of value) reachable(inner, found)
  else if (!ArrayBuffer.isView(value))
    for (const key of Object.getOwnPropertyNames(value)) reachable(Reflect.get(value, key), found)
  return found
}
