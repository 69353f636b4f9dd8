import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createClassRegistry, createPayloads, examine } from '../src/index.ts'
import { anyValue } from './any-value.ts'
import { c9Values, classes, identical } from './c9-values.ts'

const registry = createClassRegistry(classes)
const payloads = createPayloads({ classes: registry })
const none = Buffer.alloc(0)

/** What unpacking and examining give, one after the other. */
function expected(value: unknown): { bytes: number; shareable: boolean } {
  const found = examine(value, { registry, freeze: false })
  if (!found.ok) throw new Error(found.reason)
  return { bytes: found.bytes, shareable: found.shareable }
}

describe('a value that is adopted is the value, examined', () => {
  test.for(c9Values)('$name', ({ make }) => {
    const { value, ...found } = payloads.adopt(payloads.pack(make(), none), none, { freeze: true })
    expect(identical(value, make())).toBe(true)
    expect(found).toEqual(expected(make()))
    expect(unfrozen(value)).toEqual([])
  })

  test('whatever can be generated', () => {
    fc.assert(
      fc.property(anyValue, fc.boolean(), (value, freeze) => {
        const { value: adopted, ...found } = payloads.adopt(payloads.pack(value, none), none, { freeze })
        expect(identical(adopted, value)).toBe(true)
        expect(found).toEqual(expected(value))
        if (freeze) expect(unfrozen(adopted)).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  test('and is left as it is without freeze', () => {
    const { value } = payloads.adopt(payloads.pack({ list: [1] }, none), none, { freeze: false })
    const { list } = value as { list: number[] }
    list.push(2)
    expect(list).toEqual([1, 2])
  })
})

/** Plain objects and arrays inside a value that could still be changed; the data of class instances aside. */
function unfrozen(value: unknown, seen = new Set<object>()): object[] {
  if (typeof value !== 'object' || value === null || seen.has(value)) return []
  seen.add(value)
  if (value instanceof Map) return [...value].flat().flatMap((inner) => unfrozen(inner, seen))
  if (value instanceof Set) return [...value].flatMap((inner) => unfrozen(inner, seen))
  if (value instanceof Error)
    return Object.getOwnPropertyNames(value).flatMap((key) => unfrozen(Reflect.get(value, key), seen))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return []
  return [...(Object.isFrozen(value) ? [] : [value]), ...Object.values(value).flatMap((inner) => unfrozen(inner, seen))]
}

describe('a text of a value that was read', () => {
  test('keeps the payload it came in alive no longer than the value', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const held = () => {
      collect()
      const { heapUsed, external } = process.memoryUsage()
      return heapUsed + external
    }
    const plain = createPayloads({ compression: false })
    const stored = Array.from({ length: 60 }, (_, at) =>
      plain.pack({ name: `the name of the list number ${at}`, list: new Array(50_000).fill(100_000) }, none),
    )
    const before = held()
    const names = stored.map((bytes) => {
      const { value } = plain.adopt(bytes, none, { freeze: true })
      return (value as { name: string }).name
    })
    const grown = held() - before
    expect(names.at(-1)).toBe('the name of the list number 59')
    expect(stored[0]?.length).toBeGreaterThan(200_000)
    expect(grown, 'bytes for 60 names').toBeLessThan(4_000_000)
  })

  test.each([1, 12, 13, 1_023, 1_024, 4_095, 4_096, 4_097, 20_000])(
    'is what it was, wherever it stands: %i characters, thirty times over',
    (length) => {
      const plain = createPayloads({ compression: false })
      const value = Array.from({ length: 30 }, (_, at) => ({
        [`field${at % 7}`]: String.fromCharCode(97 + (at % 26)).repeat(length),
        other: 'twenty characters of it',
        umlauts: 'ä'.repeat(at % 3),
      }))
      expect(plain.unpack(plain.pack(value, none), none)).toEqual(value)
    },
  )
})
