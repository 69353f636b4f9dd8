/**
 * One value of every kind that a cache must give back as it got it, by name; every tier and codec is held to this table.
 *
 * `make` builds a new value each time, always the same: stored frames are compared with it years later, so a row is never
 * changed and never removed. `classes` are the registrations the table needs, `identical` the comparison it deserves.
 */
import { types } from 'node:util'
import type { ClassRegistration } from '../src/index.ts'

/** A class with private state, registered by its parts. */
export class Money {
  readonly #cents: bigint
  readonly currency: string

  constructor(cents: bigint, currency: string) {
    this.#cents = cents
    this.currency = currency
  }

  get cents(): bigint {
    return this.#cents
  }
}

/** A class whose data holds another registered class, a date and a cycle-free list. */
class Invoice {
  readonly total: Money
  readonly issued: Date
  readonly lines: readonly { readonly text: string; readonly price: Money }[]

  constructor(total: Money, issued: Date, lines: Invoice['lines']) {
    this.total = total
    this.issued = issued
    this.lines = lines
  }
}

/** The registrations under which every row below is accepted. */
export const classes: readonly ClassRegistration[] = [
  {
    name: 'Money',
    type: Money,
    toData: (money: Money) => [money.cents, money.currency],
    fromData: ([cents, currency]: [bigint, string]) => new Money(cents, currency),
  },
  {
    name: 'Invoice',
    type: Invoice,
    toData: ({ total, issued, lines }: Invoice) => ({ total, issued, lines }),
    fromData: ({ total, issued, lines }: Pick<Invoice, 'total' | 'issued' | 'lines'>) =>
      new Invoice(total, issued, lines),
  },
  { name: 'URL', type: URL, toData: (url: URL) => url.href, fromData: (href: string) => new URL(href) },
]

/** One row of the table. */
export interface C9Value {
  readonly name: string
  readonly make: () => unknown
  /** Whether hits may share one frozen reference: plain data only. */
  readonly shareable: boolean
}

const plain = (name: string, make: () => unknown): C9Value => ({ name, make, shareable: true })
const guarded = (name: string, make: () => unknown): C9Value => ({ name, make, shareable: false })

const primitives: readonly C9Value[] = [
  plain('undefined', () => undefined),
  plain('null', () => null),
  plain('true', () => true),
  plain('false', () => false),
  plain('zero', () => 0),
  plain('negative zero', () => -0),
  plain('small integers', () => [
    1, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, -1, -32, -33, -128, -129, -32768, -32769,
  ]),
  plain('large integers', () => [
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    -(2 ** 31),
  ]),
  plain('fractions', () => [0.1, -1.5, 1e-7, 1.7976931348623157e308, 5e-324]),
  plain('not a number and infinities', () => [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
  plain('big integers', () => [
    0n,
    1n,
    -1n,
    2n ** 63n - 1n,
    2n ** 63n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n,
    2n ** 200n,
    -(2n ** 200n),
    -(2n ** 64n),
  ]),
  plain('big integers of many digits', () => [10n ** 400n, -(10n ** 400n), 2n ** 1024n, -(2n ** 1024n)]),
  plain('empty string', () => ''),
  plain('strings of every length class', () => [
    'a',
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(255),
    'x'.repeat(256),
    'x'.repeat(70_000),
  ]),
  plain('strings beyond ASCII', () => [
    'é',
    'ÿ',
    'Ā',
    '日本語',
    '👩‍👩‍👧‍👦',
    '\u0000',
    '\u2028',
    '\ufeff',
    'é'.repeat(40),
    '日'.repeat(30_000),
  ]),
  plain('lone surrogates', () => ['\ud800', '\udc00x', 'x\udfff', '\udc00\ud800']),
]

const plainData: readonly C9Value[] = [
  plain('user row', () => ({
    id: 41,
    email: 'ada@example.com',
    name: 'Ada',
    credits: 12.5,
    active: true,
    plan: null,
    created_at: '2026-01-02T03:04:05.000Z',
  })),
  plain('empty object', () => ({})),
  plain('empty array', () => []),
  plain('nested objects and arrays', () => ({ a: [{ b: [[], {}, [null]] }], c: { d: { e: { f: [1, [2, [3]]] } } } })),
  plain('undefined as property and item', () => ({ a: undefined, b: [undefined, 1, undefined] })),
  plain('objects of one shape', () =>
    Array.from({ length: 50 }, (_, id) => ({ id, name: `model ${id}`, price: { input: id / 8, output: id / 4 } })),
  ),
  plain('objects of a hundred shapes', () =>
    Array.from({ length: 300 }, (_, index) => ({ [`key ${index % 100}`]: index, shared: index })),
  ),
  plain('an object of many keys', () =>
    Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`user:${index}`, { index }])),
  ),
  plain('long array', () => Array.from({ length: 20_000 }, (_, index) => index % 300)),
  plain('awkward keys', () =>
    JSON.parse(
      '{"":1,"01":2,"1":3,"0":4,"a b":5,"toString":6,"constructor":7,"hasOwnProperty":8,"toJSON":9,"valueOf":10,"é":11,"{}":12,"length":13}',
    ),
  ),
  plain('keys named __proto__', () => [
    JSON.parse('{"__proto__":{"polluted":true},"a":1}'),
    { deep: JSON.parse('{"__proto__":null}') },
  ]),
  plain('keys named __keys__', () => [{ a: 1, __keys__: 2 }, { a: 1 }, { __keys__: { __keys__: [] } }, { a: 2 }]),
  plain('keys with lone surrogates', () => ({ '\ud800': 1, 'a\udc00': 2 })),
  plain('negative zero below', () => ({ a: [0, -0, { b: -0 }] })),
  plain('null prototypes', () =>
    Object.assign(Object.create(null), { a: 1, inner: Object.assign(Object.create(null), { b: -0 }) }),
  ),
  plain('deeply nested', () => nest(100)),
]

const references: readonly C9Value[] = [
  plain('repeated references', () => {
    const shared = { a: 1 }
    return { x: shared, y: [shared, shared], z: { shared } }
  }),
  plain('a reference to the whole', () => {
    const self: Record<string, unknown> = { name: 'self' }
    self['me'] = self
    return self
  }),
  plain('a cycle through arrays', () => {
    const a: unknown[] = []
    const b: unknown[] = [a, 1]
    a.push(b, a)
    return [a, b]
  }),
  guarded('a cycle through map, set and error', () => {
    const map = new Map<unknown, unknown>()
    const set = new Set<unknown>([map])
    const error = fault(new Error('cyclic'), { set })
    map.set('set', set).set(map, error)
    return { map, set, error }
  }),
  guarded('a cycle around a date', () => {
    const node: Record<string, unknown> = { at: new Date(1e12) }
    node['list'] = [node, { node }]
    return { node }
  }),
  guarded('a repeated date and class instance', () => {
    const date = new Date(1e12)
    const price = new Money(5n, 'EUR')
    return { date, again: date, price, twice: [price, price] }
  }),
  plain('a repeated object with __proto__', () => {
    const odd = JSON.parse('{"__proto__":1}') as object
    return [odd, odd]
  }),
]

const builtIns: readonly C9Value[] = [
  guarded('dates', () => [
    new Date(0),
    new Date(1),
    new Date(-1),
    new Date(1_700_000_000_123),
    new Date(8.64e15),
    new Date(-8.64e15),
    new Date(-62_135_596_800_001),
  ]),
  guarded('invalid date', () => new Date(Number.NaN)),
  guarded('a row with dates', () => ({
    id: 7,
    created_at: new Date(1_700_000_000_000),
    updated_at: new Date(1_700_000_000_001),
  })),
  guarded('maps', () => [
    new Map(),
    new Map<unknown, unknown>([
      ['a', 1],
      [1, 'a'],
      [null, undefined],
      [{ k: 1 }, new Map([[-0, -0]])],
      [Number.NaN, 0],
    ]),
  ]),
  guarded('sets', () => [new Set(), new Set<unknown>(['a', 1, '1', null, undefined, { a: 1 }, new Set([1n])])]),
  guarded('regular expressions', () => [/a+/gi, /[\u{1F600}-\u{1F64F}]/u, Object.assign(/x/g, { lastIndex: 3 }), /\//]),
  guarded('buffers', () => [Buffer.alloc(0), Buffer.from('bytes'), Buffer.alloc(70_000, 7)]),
  guarded('typed arrays', () => [
    new Uint8Array([1, 2, 255]),
    new Int8Array([-1, 1]),
    new Uint8ClampedArray([0, 255]),
    new Int16Array([-2, 300]),
    new Uint16Array([65535]),
    new Int32Array([-(2 ** 31)]),
    new Uint32Array([2 ** 32 - 1]),
    new Float32Array([0.5, -0]),
    new Float64Array([0.1, -0, Number.NaN]),
    new BigInt64Array([-(2n ** 63n)]),
    new BigUint64Array([2n ** 64n - 1n]),
    new Float64Array(0),
  ]),
  guarded('array buffers and views', () => [
    new ArrayBuffer(0),
    new Uint8Array([1, 2, 3]).buffer,
    new DataView(new Uint8Array([9, 8, 7]).buffer),
  ]),
  guarded('a view into a larger buffer', () => new Uint16Array(new Uint8Array([0, 0, 1, 1, 2, 2, 9, 9]).buffer, 2, 2)),
]

const faults: readonly C9Value[] = [
  guarded('error', () => fault(new Error('plain'))),
  guarded('error without message', () => fault(new Error())),
  guarded('error with cause, code and more', () =>
    fault(new TypeError('outer', { cause: fault(new RangeError('inner')) }), {
      code: 'E_OUTER',
      details: { tries: [1, -0] },
    }),
  ),
  guarded('error with undefined cause', () => fault(new Error('x', { cause: undefined }))),
  guarded('error with a name of its own', () => fault(Object.assign(new Error('renamed'), { name: 'CustomError' }))),
  guarded('every built-in error', () =>
    [EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((Type) => fault(new Type('x'))),
  ),
  guarded('aggregate error', () => fault(new AggregateError([fault(new Error('a')), 'b', null], 'several'))),
]

const instances: readonly C9Value[] = [
  guarded('registered class', () => new Money(-5n, 'EUR')),
  guarded(
    'registered classes within each other',
    () => new Invoice(new Money(300n, 'EUR'), new Date(1e12), [{ text: 'one', price: new Money(300n, 'EUR') }]),
  ),
  guarded('registered platform class', () => ({ link: new URL('https://example.com/?q=1#top') })),
]

/** The table. */
export const c9Values: readonly C9Value[] = [
  ...primitives,
  ...plainData,
  ...references,
  ...builtIns,
  ...faults,
  ...instances,
]

/** Gives an error a stack that is the same everywhere, and properties. */
function fault<E extends Error>(error: E, more: object = {}): E {
  Object.defineProperty(error, 'stack', {
    value: `${error.name}: ${error.message}\n    at somewhere`,
    writable: true,
    configurable: true,
    enumerable: false,
  })
  return Object.assign(error, more)
}

function nest(levels: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? { value } : [value]
  return value
}

/**
 * Whether two values are the same to every observer who may not compare references between them: types, prototypes, -0, own
 * properties with their order and visibility, map and set order, bytes, and which references are shared inside.
 */
export function identical(left: unknown, right: unknown): boolean {
  return new Comparison().same(left, right)
}

class Comparison {
  private readonly pairs = new Map<object, object>()
  private readonly partners = new Set<object>()

  same(left: unknown, right: unknown): boolean {
    if (typeof left !== 'object' || left === null || typeof right !== 'object' || right === null)
      return Object.is(left, right)
    const partner = this.pairs.get(left)
    if (partner !== undefined) return partner === right
    if (this.partners.has(right)) return false
    this.pairs.set(left, right)
    this.partners.add(right)
    if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false
    return this.content(left, right) && (ArrayBuffer.isView(left) || this.properties(left, right))
  }

  private content(left: object, right: object): boolean {
    if (left instanceof Date) return Object.is(left.getTime(), (right as Date).getTime())
    if (left instanceof Map) return this.list([...left].flat(), [...(right as Map<unknown, unknown>)].flat())
    if (left instanceof Set) return this.list([...left], [...(right as Set<unknown>)])
    if (left instanceof RegExp) return String(left) === String(right)
    if (left instanceof URL) return left.href === (right as URL).href
    if (left instanceof Money) return left.cents === (right as Money).cents
    if (types.isNativeError(left) !== types.isNativeError(right)) return false
    if (ArrayBuffer.isView(left)) return ArrayBuffer.isView(right) && Buffer.compare(view(left), view(right)) === 0
    if (left instanceof ArrayBuffer) return Buffer.compare(Buffer.from(left), Buffer.from(right as ArrayBuffer)) === 0
    return true
  }

  private list(left: readonly unknown[], right: readonly unknown[]): boolean {
    return left.length === right.length && left.every((item, index) => this.same(item, right[index]))
  }

  private properties(left: object, right: object): boolean {
    const keys = Reflect.ownKeys(left)
    const others = Reflect.ownKeys(right)
    const ordered = !types.isNativeError(left)
    if (
      keys.length !== others.length ||
      !keys.every((key, index) => (ordered ? key === others[index] : others.includes(key)))
    )
      return false
    return keys.every((key) => {
      const one = Object.getOwnPropertyDescriptor(left, key) as PropertyDescriptor
      const other = Object.getOwnPropertyDescriptor(right, key) as PropertyDescriptor
      return one.enumerable === other.enumerable && this.same(Reflect.get(left, key), Reflect.get(right, key))
    })
  }
}

function view(bytes: ArrayBufferView): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
