import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  argumentsText,
  createClassRegistry,
  keyText,
  parsePrimitive,
  primitiveText,
  UnkeyableArgument,
} from '../src/index.ts'
import { anyValue } from './any-value.ts'
import { classes, Money } from './c9-values.ts'

const registry = createClassRegistry(classes)
const text = (...args: readonly unknown[]) => argumentsText(args, { classes: registry })
const bytes = (...values: number[]) => new Uint8Array(values)

describe('what looks alike is kept apart', () => {
  const lookalikes: readonly [string, readonly unknown[], readonly unknown[]][] = [
    ['a number and its digits', [1], ['1']],
    ['a number and a big integer', [1], [1n]],
    ['zero and negative zero', [0], [-0]],
    ['NaN and its name', [Number.NaN], ['NaN']],
    ['infinity and its name', [Number.POSITIVE_INFINITY], ['Infinity']],
    ['null and undefined', [null], [undefined]],
    ['null and its name', [null], ['null']],
    ['undefined and no argument', [undefined], []],
    ['true and its name', [true], ['true']],
    ['true and one', [true], [1]],
    ['no argument and an empty string', [], ['']],
    ['a comma inside and between', [['a,b']], [['a', 'b']]],
    ['a comma in arguments', ['a,b'], ['a', 'b']],
    ['quotes inside and between', ['a","b'], ['a', 'b']],
    ['one list and two arguments', [['a', 'b']], ['a', 'b']],
    ['an empty list and an empty object', [[]], [{}]],
    ['a list in a list', [[['a']]], [['a']]],
    ['undefined as property and no property', [{ a: undefined }], [{}]],
    ['undefined as item and a hole', [[undefined]], [new Array(1)]],
    ['a hole and a shorter list', [new Array(2)], [new Array(1)]],
    ['a property and its text', [{ a: 1 }], ['(a=1)']],
    ['a property named like a pair', [{ 'a=1,b': 2 }], [{ a: 1, b: 2 }]],
    ['a list and the object of its indices', [['x']], [{ 0: 'x' }]],
    ['a date and its number', [new Date(5)], [5]],
    ['a date and its text', [new Date(5)], [new Date(5).toISOString()]],
    ['two invalid things', [new Date(Number.NaN)], [Number.NaN]],
    ['a map and its entries', [new Map([['a', 1]])], [[['a', 1]]]],
    ['a map and an object', [new Map([['a', 1]])], [{ a: 1 }]],
    ['a map by string and by number', [new Map<unknown, unknown>([['1', 1]])], [new Map<unknown, unknown>([[1, 1]])]],
    ['a set and a list', [new Set(['a'])], [['a']]],
    ['an empty set and an empty map', [new Set()], [new Map()]],
    ['a buffer and bytes', [Buffer.from('a')], [bytes(97)]],
    ['bytes and their text', [Buffer.from('a')], ['a']],
    ['bytes and numbers', [bytes(1, 2)], [[1, 2]]],
    ['bytes of two widths', [new Uint16Array([1])], [bytes(1, 0)]],
    ['a float and an integer array', [new Float32Array(1)], [new Int32Array(1)]],
    ['a buffer and what it views', [new ArrayBuffer(1)], [new DataView(new ArrayBuffer(1))]],
    ['a pattern and its text', [/a/g], ['/a/g']],
    ['two flags', [/a/g], [/a/i]],
    ['a slash in a pattern and its flags', [/a\/g/], [/a/g]],
    ['an object without prototype', [Object.create(null)], [{}]],
    ['an own __proto__ and none', [JSON.parse('{"__proto__":1}')], [{}]],
    ['a class instance and its data', [new Money(1n, 'EUR')], [[1n, 'EUR']]],
    ['an URL and its text', [new URL('https://a.b/')], ['https://a.b/']],
    ['a brace and its escape', ['{'], ['(']],
    ['a brace and its escaped text', ['{'], ['\\(']],
    ['a backslash and two', ['\\'], ['\\\\']],
    ['a control character and its escape', ['\n'], ['\\u000a']],
    ['a letter and its decomposition', ['é'], ['e\u0301']],
    ['a lone surrogate and the replacement character', ['\ud800'], ['\ufffd']],
    ['two lone surrogates', ['\ud800'], ['\ud801']],
    ['a pair and its halves in two strings', ['\ud83d\ude00'], ['\ud83d', '\ude00']],
  ]

  test.for(lookalikes)('%s', ([, left, right]) => {
    expect(text(...left)).not.toBe(text(...right))
    expect(text(...left)).toBe(text(...left))
  })
})

describe('what is equal has one text', () => {
  test('the order of properties does not count', () => {
    expect(text({ b: 1, a: { d: 2, c: 3 } })).toBe(text({ a: { c: 3, d: 2 }, b: 1 }))
  })

  test('the order of map and set entries does not count', () => {
    expect(
      text(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toBe(
      text(
        new Map([
          ['b', 2],
          ['a', 1],
        ]),
      ),
    )
    expect(text(new Set([1, '1', { x: 1 }]))).toBe(text(new Set([{ x: 1 }, '1', 1])))
  })

  test('one reference twice is like two equal values', () => {
    const shared = { a: 1 }
    expect(text(shared, [shared, shared])).toBe(text({ a: 1 }, [{ a: 1 }, { a: 1 }]))
  })

  test('a view into a larger buffer is like its bytes alone', () => {
    expect(text(new Uint8Array([9, 1, 2, 9]).subarray(1, 3))).toBe(text(bytes(1, 2)))
  })
})

describe('a text can stand in a Redis key', () => {
  test('it reads like the arguments', () => {
    expect(text('abc')).toBe('"abc"')
    expect(text(42)).toBe('42')
    expect(text(-1.5, 'a b', true, null, undefined, 10n)).toBe('-1.5,"a b",true,null,undefined,10n')
    expect(text({ page: 2, filter: { tag: 'x', 'odd key': [1, [2]] } })).toBe(
      '(filter=("odd key"=[1,[2]],tag="x"),page=2)',
    )
    expect(text(new Date(5), new Map([[1, new Set(['b', 'a'])]]))).toBe('date(5),map(1=set("a","b"))')
    expect(text(Buffer.from('hi'), /a+/g)).toBe('Buffer(aGk),regexp("a+","g",0)')
    expect(text(new Money(5n, 'EUR'))).toBe('class("Money",[5n,"EUR"])')
    expect(text('é{"\\}\n')).toBe('"\\u00e9\\(\\"\\\\\\)\\u000a"')
  })

  test('it is printable ASCII without braces, and never begins like a digest', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 3 }), (args) => {
        expect(text(...args)).toMatch(/^(?!#)[ -z|~]*$/)
      }),
      { numRuns: 1000 },
    )
  })

  test('a long text becomes a digest, which no text can equal', () => {
    const long = text('x'.repeat(300))
    expect(keyText(long)).toMatch(/^#[\w-]{27}$/)
    expect(keyText(long, 400)).toBe(long)
    expect(keyText(text('#'))).toBe('"#"')
    expect(keyText('x'.repeat(200))).toHaveLength(200)
    expect(keyText('x'.repeat(201))).toHaveLength(28)
  })
})

describe('a lone primitive has a fast text', () => {
  test('it is the text of the list', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.double(),
          fc.integer(),
          fc.bigInt(),
          fc.boolean(),
          fc.constantFrom(null, undefined, -0),
        ),
        (value) => {
          expect(primitiveText(value)).toBe(text(value))
        },
      ),
    )
  })

  test('strings and finite numbers can be read back', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string(),
          fc.double({ noNaN: true, noDefaultInfinity: true }),
          fc.constantFrom(-0, 1e21, 5e-324, '{}', '\\u0041'),
        ),
        (value) => {
          expect(Object.is(parsePrimitive(primitiveText(value)), value)).toBe(true)
        },
      ),
    )
  })

  test.for([
    '',
    'null',
    'true',
    '1n',
    'NaN',
    'Infinity',
    '"a","b"',
    '"a',
    '01',
    '1.0',
    '+1',
    '1e5',
    '[1]',
    '"\\u0041"',
    '"{"',
    '#abc',
  ])('%s is the text of no string and no number', (given) => {
    expect(parsePrimitive(given)).toBeUndefined()
  })
})

describe('what has no canonical text is refused, naming the argument', () => {
  class Unknown {}
  const cyclic: unknown[] = [1]
  cyclic.push({ cyclic })
  const cases: readonly [string, readonly unknown[], string, RegExp][] = [
    [
      'a function',
      [1, { filter: { onDone: () => 1 } }],
      '[1].filter.onDone',
      /^Argument 1 \(counted from 0\), at \.filter\.onDone: a function cannot be part of a key\. .*ignore\.$/,
    ],
    ['a lone function', [() => 1], '[0]', /^Argument 0 \(counted from 0\): a function/],
    ['a symbol', ['a', Symbol('x')], '[1]', /a symbol/],
    ['a cycle', [cyclic], '[0][1].cyclic', /a cycle/],
    ['an unregistered class', [{ 'a b': [new Unknown()] }], '[0]["a b"][0]', /unregistered class Unknown/],
    ['a promise', [Promise.resolve()], '[0]', /unregistered class Promise/],
    ['an error', [new Error('x')], '[0]', /unregistered class Error/],
    ['an abort signal', [new AbortController().signal], '[0]', /unregistered class AbortSignal/],
    ['a map key', [new Map([[() => 1, 1]])], '[0]<key 0>', /a function/],
    ['a set item', [new Set([1, Symbol('x')])], '[0]<value 1>', /a symbol/],
    ['a symbol property', [{ [Symbol('s')]: 1 }], '[0]', /symbol properties/],
    ['an array with names', ['abc'.match(/b/)], '[0]', /property index/],
    ['a date with properties', [Object.assign(new Date(0), { a: 1 })], '[0]', /properties of its own/],
    ['an impostor', [Object.create(Map.prototype)], '[0]', /cannot be read/],
  ]

  test.for(cases)('%s', ([, args, path, message]) => {
    expect(() => text(...args)).toThrow(
      expect.objectContaining({ code: 'UNKEYABLE_ARGUMENT', path, message: expect.stringMatching(message) }),
    )
    expect(() => text(...args)).toThrow(UnkeyableArgument)
  })

  test('nesting that is too deep', () => {
    let deep: unknown = 1
    for (let level = 0; level < 65; level++) deep = [deep]
    expect(() => text(deep)).toThrow(/nested deeper than 64 levels/)
    expect(argumentsText([deep], { maxDepth: 65 })).toContain('[[[1]]]')
  })
})
