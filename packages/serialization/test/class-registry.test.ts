import { describe, expect, test } from 'vitest'
import {
  type ClassRegistration,
  classRegistration,
  createClassRegistry,
  createCodec,
  InvalidClassRegistration,
} from '../src/index.ts'
import { classes, Money } from './c9-values.ts'

describe('class registrations', () => {
  const [money] = classes as [ClassRegistration]

  test('are found by instance and by name, exactly', () => {
    const registry = createClassRegistry(classes)
    expect(registry.of(new Money(1n, 'EUR'))?.name).toBe('Money')
    expect(registry.of(new (class Euro extends Money {})(1n, 'EUR'))).toBeUndefined()
    expect(registry.named('Money')?.name).toBe('Money')
    expect(registry.named('constructor')).toBeUndefined()
  })

  test('with their own types need no annotations', () => {
    const typed = classRegistration({
      name: 'Money',
      type: Money,
      toData: (value) => value.cents,
      fromData: (cents) => new Money(cents, 'USD'),
    })
    const codec = createCodec({ classes: createClassRegistry([typed]) })
    expect((codec.decode(codec.encode(new Money(5n, 'EUR'))) as Money).currency).toBe('USD')
  })

  test.for<[string, readonly ClassRegistration[], RegExp]>([
    ['a name twice', [money, { ...money, type: class Other {} }], /'Money' is registered twice/],
    ['a class twice', [money, { ...money, name: 'Cash' }], /class of 'Cash' is already registered/],
    ['no name', [{ ...money, name: '' }], /needs a name/],
    ['no function', [{ ...money, toData: undefined as never }], /'Money' needs type/],
    ['a built-in', [{ ...money, name: 'Date', type: Date }], /registers Date, which comes back by itself/],
    ['an error of the language', [{ ...money, name: 'E', type: TypeError }], /registers TypeError/],
    ['a typed array', [{ ...money, name: 'F', type: Float32Array }], /registers Float32Array/],
  ])('are refused with %s', ([, list, message]) => {
    expect(() => createClassRegistry(list)).toThrow(InvalidClassRegistration)
    expect(() => createClassRegistry(list)).toThrow(message)
  })

  test('may extend a built-in, and keep shared references and cycles beyond them', () => {
    class Headers extends Map<string, unknown> {}
    const own = createClassRegistry([
      {
        name: 'Headers',
        type: Headers,
        toData: (headers: Headers) => [...headers],
        fromData: (entries: [string, unknown][]) => new Headers(entries),
      },
    ])
    const codec = createCodec({ classes: own })
    const shared = { a: 1 }
    const back = codec.decode(codec.encode({ headers: new Headers([['x', shared]]), shared })) as {
      headers: Headers
      shared: object
    }
    expect(back.headers).toBeInstanceOf(Headers)
    expect(back.headers.get('x')).toBe(back.shared)
  })

  test('that a reader lacks, or whose fromData fails, make the bytes unreadable, nothing worse', () => {
    const bytes = createCodec({ classes: createClassRegistry(classes) }).encode([new Money(5n, 'EUR')])
    expect(() => createCodec().decode(bytes)).toThrow(
      expect.objectContaining({ code: 'FRAME_CLASS', message: expect.stringContaining("'Money'") }),
    )
    const changed = createClassRegistry([
      {
        ...money,
        fromData: () => {
          throw new Error('changed my mind')
        },
      },
    ])
    expect(() => createCodec({ classes: changed }).decode(bytes)).toThrow(
      expect.objectContaining({ code: 'FRAME_CLASS' }),
    )
  })
})
