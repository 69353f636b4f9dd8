import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { copyOf, createClassRegistry, examine } from '../src/index.ts'
import { c9Values, classes, identical, Money } from './c9-values.ts'

const registry = createClassRegistry(classes)
const freeze = (value: unknown) => examine(value, { registry, freeze: true })

describe('accepted values', () => {
  test.for(c9Values)('$name is accepted, and shareable only if it is plain', ({ make, shareable }) => {
    expect(freeze(make())).toMatchObject({ ok: true, shareable })
    expect(examine(make(), { registry, freeze: false })).toEqual(freeze(make()))
  })

  test.for(c9Values)('$name is accepted as decoded, with the same size', ({ make, shareable }) => {
    const decoded = examine(make(), { registry, freeze: true, decoded: true })
    expect(decoded).toEqual({ ...freeze(make()), special: typeof make() === 'object' || decoded.ok, shareable })
  })

  test('are frozen as deep as plain data goes', () => {
    const value = { list: [{ a: 1 }], map: new Map([['k', { b: [1] }]]), date: new Date(0) }
    freeze(value)
    expect(() => value.list.push({ a: 2 })).toThrow(TypeError)
    expect(() => Object.assign(value.list[0] as object, { a: 2 })).toThrow(TypeError)
    expect(Object.isFrozen(value.map.get('k')?.b)).toBe(true)
  })

  test('are left alone without freeze', () => {
    const value = { list: [1] }
    expect(examine(value, { registry, freeze: false })).toMatchObject({ ok: true })
    value.list.push(2)
    expect(value.list).toEqual([1, 2])
  })

  test('may have been frozen before, and are looked through all the same', () => {
    const inner = Object.freeze({ now: new Date(0) })
    expect(freeze(Object.freeze({ inner }))).toMatchObject({ ok: true, shareable: false })
    expect(freeze(Object.freeze([Object.freeze({ call: () => 1 })]))).toMatchObject({ ok: false, path: '[0].call' })
    const open = { deep: [1] }
    freeze(Object.freeze({ open }))
    expect(Object.isFrozen(open.deep)).toBe(true)
  })

  test('that repeat one object many times over are counted once, and quickly', () => {
    let value: unknown = { leaf: 'x'.repeat(100) }
    for (let level = 0; level < 60; level++) value = [value, value]
    const started = performance.now()
    expect(freeze(value)).toMatchObject({ ok: true, shareable: true, special: true })
    expect(performance.now() - started).toBeLessThan(1000)
  })

  test('keep the insides of class instances unfrozen', () => {
    class Basket {
      items = ['a']
    }
    const own = createClassRegistry([
      {
        name: 'Basket',
        type: Basket,
        toData: (basket: Basket) => basket.items,
        fromData: (items: string[]) => Object.assign(new Basket(), { items }),
      },
    ])
    const basket = new Basket()
    expect(examine({ basket }, { registry: own, freeze: true })).toMatchObject({ ok: true, shareable: false })
    basket.items.push('b')
    expect(basket.items).toEqual(['a', 'b'])
  })

  test('survive properties that somebody added to Object.prototype', () => {
    const value = { a: [1], b: new Map(), c: { d: new Date(0) } }
    const polluted = Object.prototype as { helper?: () => number }
    polluted.helper = () => 1
    const results = [freeze(value).ok, freeze({ '': [] }).ok, identical(copyOf(value, registry), value)]
    delete polluted.helper
    expect(results).toEqual([true, true, true])
  })
})

describe('refused values', () => {
  test('are not frozen, not even in part', () => {
    const value = { first: { list: [1] }, last: { call: () => 1 } }
    expect(freeze(value)).toMatchObject({ ok: false, path: '.last.call' })
    expect([value, value.first, value.first.list, value.last].some(Object.isFrozen)).toBe(false)
  })
})

describe('special values', () => {
  test.for<[string, unknown, boolean]>([
    ['plain data', { a: [1, 'x', null, undefined, true, 1.5, 2n] }, false],
    ['a date, a map, a buffer', [new Date(), new Map([['a', 1]]), Buffer.from('x')], false],
    ['negative zero', { a: [-0] }, true],
    ['a lone surrogate', ['\ud800'], true],
    ['a surrogate pair', ['\ud83d\ude00'], false],
    ['a key named __proto__', JSON.parse('{"__proto__":1}'), true],
    ['a set', new Set(), true],
    ['an error', new Error(), true],
    ['a registered class', new Money(1n, 'EUR'), true],
    ['a repeated reference', ((shared) => [shared, shared])({}), true],
  ])('%s', ([, value, special]) => {
    expect(examine(value, { registry, freeze: false })).toMatchObject({ ok: true, special })
    expect(freeze(value)).toMatchObject({ ok: true, special })
  })
})

describe('sizes', () => {
  const text = (seed: number, bytes: number) => Buffer.alloc(bytes, `${seed} `).toString('latin1')

  test.for<[string, () => unknown]>([
    [
      'rows',
      () =>
        Array.from({ length: 20_000 }, (_, id) => ({ id, name: text(id, 12), active: id % 2 === 0, score: id / 3 })),
    ],
    ['long strings', () => Array.from({ length: 500 }, (_, index) => text(index, 4000))],
    ['nested lists', () => Array.from({ length: 20_000 }, (_, index) => [[index / 3], [index / 7]])],
    [
      'maps',
      () =>
        Array.from(
          { length: 5000 },
          (_, index) =>
            new Map([
              [text(index, 6), index / 3],
              ['x', 1],
            ]),
        ),
    ],
    ['sets', () => Array.from({ length: 5000 }, (_, index) => new Set([index / 3, index / 7, 'x']))],
    ['one large map', () => new Map(Array.from({ length: 20_000 }, (_, index) => [text(index, 6), index]))],
  ])('of %s are estimated within a factor of two of the heap they take', ([, make]) => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const before = process.memoryUsage().heapUsed
    const kept = make()
    collect()
    const taken = process.memoryUsage().heapUsed - before
    const found = examine(kept, { registry, freeze: false })
    if (!found.ok) throw new Error(found.reason)
    expect(found.bytes / taken).toBeGreaterThan(0.5)
    expect(found.bytes / taken).toBeLessThan(2)
  })
})
