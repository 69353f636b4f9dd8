import { createClassRegistry } from '@granary/serialization'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { localKeyOf, planKeying, textOfLocal } from '../src/key/keying.ts'
import { argumentsOf, isLaidOut, laidOut, layOut } from '../src/key/layout.ts'
import { openMemory } from './stage/memory-stage.ts'

const keying = planKeying('name', { ttl: '1m' }, { registry: createClassRegistry([]), secrets: undefined })
const keyOf = (args: readonly unknown[]) => keying.local(args, undefined)

/** Values that careless comparisons confuse; few, so that generated lists meet their like. */
const leaf = fc.constantFrom<unknown>(
  0,
  -0,
  1,
  '1',
  '',
  'a',
  true,
  false,
  null,
  undefined,
  Number.NaN,
  1.5,
  2 ** 40,
  1n,
)
const name = fc.constantFrom('a', 'b', '1', 'constructor')
const flat = fc.dictionary(name, leaf, { maxKeys: 3, noNullPrototype: true })
const list = fc.array(fc.oneof(leaf, flat), { maxLength: 3 })

describe('arguments laid out', () => {
  test('two lists have the same layout only if they have the same key', () => {
    let met = 0
    fc.assert(
      fc.property(list, list, (one, other) => {
        if (layOut(one) === undefined) return
        const parts = laidOut()
        if (layOut(other) === undefined || !isLaidOut(parts)) return
        met += 1
        expect(keyOf(one)).toBe(keyOf(other))
      }),
      { numRuns: 20_000 },
    )
    expect(met).toBeGreaterThan(100)
  })

  test('a list is laid out alike each time, with the same hash, and gives back arguments with the same key', () => {
    fc.assert(
      fc.property(list, (args) => {
        const hash = layOut(args)
        if (hash === undefined) return
        const parts = laidOut()
        expect(layOut(args)).toBe(hash)
        expect(isLaidOut(parts)).toBe(true)
        expect(keyOf(argumentsOf(parts))).toBe(keyOf(args))
      }),
    )
  })

  test('what identity does not decide is not laid out', () => {
    class Point {
      readonly x = 1
    }
    const odd = [-0, Number.NaN, 1n, [1], new Date(0), new Map(), new Point(), { a: { b: 1 } }, Object.create(null)]
    for (const each of odd) expect(layOut([each])).toBeUndefined()
    expect(layOut([{ a: 1, [Symbol('hidden')]: 2 }])).toBeUndefined()
    expect(layOut([JSON.parse('{"__proto__":1}')])).toBeUndefined()
    expect(layOut(['x'.repeat(200)])).toBeUndefined()
    expect(layOut(Array.from({ length: 30 }, (_, at) => at))).toBeUndefined()
  })

  test('a getter that lays out arguments of its own spoils only the layout around it', () => {
    const meddler = {
      get a() {
        layOut([{ b: 2 }])
        return 1
      },
    }
    expect(layOut([meddler])).toBeUndefined()
    expect(layOut([{ a: 1 }])).toBeDefined()
  })

  test('properties that everything inherits are not taken for those of an argument', () => {
    Object.defineProperty(Object.prototype, 'inherited', { value: 1, enumerable: true, configurable: true })
    const hash = layOut([{ a: 1 }])
    delete (Object.prototype as { inherited?: number }).inherited
    expect(hash).toBeUndefined()
    expect(layOut([{ a: 1 }])).toBeDefined()
  })
})

test('a memory key gives back the key text', () => {
  fc.assert(
    fc.property(list, (args) => {
      const text = keying.text(args, undefined)
      expect(textOfLocal(keyOf(args))).toBe(text)
      expect(textOfLocal(localKeyOf(text))).toBe(text)
    }),
  )
})

describe('an entry found by its arguments', () => {
  test('is the one of its key, in whatever order the properties come, until it is invalidated', async () => {
    const { cache } = openMemory()
    let loads = 0
    const read = (query: object) => cache.getOrSet('query', [query], async () => ++loads, { ttl: '1m' })
    for (let time = 0; time < 3; time++) {
      expect(await read({ a: 1, b: 'x' })).toBe(1)
      expect(await read({ b: 'x', a: 1 })).toBe(1)
      expect(cache.peek('query', [{ a: 1, b: 'x' }])).toBe(1)
    }
    expect(await read({ a: 1, b: 'y' })).toBe(2)
    await cache.delete('query', [{ b: 'x', a: 1 }])
    expect(cache.peek('query', [{ a: 1, b: 'x' }])).toBeUndefined()
    expect(await read({ a: 1, b: 'x' })).toBe(3)
    await cache.clear()
    expect(await read({ a: 1, b: 'x' })).toBe(4)
  })

  test('is not taken for another by a getter that changes its mind', async () => {
    const { cache } = openMemory()
    let asked = 0
    const fickle = {
      get id() {
        return ++asked
      },
    }
    const read = (query: object) => cache.getOrSet('query', [query], async () => query, { ttl: '1m' })
    const values = await Promise.all([1, 2, 3, 4, 5, 6].map((id) => read({ id })))
    await read(fickle).catch(() => {})
    for (const [at, value] of values.entries()) expect(await read({ id: at + 1 })).toBe(value)
  })

  test('leaves with its arguments when it is evicted', async () => {
    const { cache } = openMemory({ memory: { maxEntries: 10 } })
    for (let id = 0; id < 100; id++) {
      for (let time = 0; time < 2; time++)
        expect(await cache.getOrSet('query', [{ id }], async () => id, { ttl: '1m' })).toBe(id)
    }
    expect(cache.stats().entries).toBe(10)
    expect(await cache.getOrSet('query', [{ id: 0 }], async () => 'again', { ttl: '1m' })).toBe('again')
  })

  test('is the one of its arguments, whatever was stored, replaced, evicted and cleared before, and in which order they are named', async () => {
    const field = fc.nat(3)
    const step = fc.record({
      do: fc.constantFrom('read', 'read', 'read', 'read', 'set', 'delete', 'clear', 'scan'),
      a: field,
      b: field,
      turned: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 60 }), async (maxEntries, steps) => {
        const { cache } = openMemory({ memory: { maxEntries } })
        const query = cache.define<[object], string>('query', { ttl: '1m' })
        const truth = new Map<string, string>()
        for (const [at, { do: what, a, b, turned }] of steps.entries()) {
          const args: [object] = [turned ? { b, a } : { a, b }]
          const id = `${a},${b}`
          if (what === 'set') await query.set(args, `${id} set at ${at}`)
          if (what === 'set') truth.set(id, `${id} set at ${at}`)
          if (what === 'delete') await query.delete(args)
          if (what === 'clear') await query.clear()
          if (what === 'scan') for (let c = 0; c < 8; c++) await query.getOrSet([{ c, at }], () => `scanned ${c}`)
          if (what === 'delete') truth.delete(id)
          if (what === 'clear') truth.clear()
          const value = await query.getOrSet(args, () => truth.get(id) ?? `${id} loaded`)
          expect(value).toBe(truth.get(id) ?? `${id} loaded`)
          expect([undefined, value]).toContain(query.peek(args))
        }
      }),
      { numRuns: 200 },
    )
  })
})
