import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedRandom } from '../../src/index.ts'

const draw = (random: ScriptedRandom, count: number) => Array.from({ length: count }, () => random.next())

describe('a seeded source', () => {
  test('repeats itself for the same seed, and differs for another', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (seed, other) => {
        const one = draw(new ScriptedRandom(seed), 4)
        expect(draw(new ScriptedRandom(seed), 4)).toEqual(one)
        if (other !== seed) expect(draw(new ScriptedRandom(other), 4)).not.toEqual(one)
        expect(new ScriptedRandom(seed).bytes(33)).toEqual(new ScriptedRandom(seed).bytes(33))
      }),
    )
  })

  test('stays the same between releases, so that a seed in a bug report keeps its meaning', () => {
    expect(draw(new ScriptedRandom(7), 3)).toMatchInlineSnapshot(`
      [
        0.45476695197673156,
        0.4162815687424435,
        0.9316804473429044,
      ]
    `)
    expect(Buffer.from(new ScriptedRandom(7).bytes(8)).toString('hex')).toMatchInlineSnapshot(`"74106a5deedd2fdf"`)
  })

  test('is spread evenly over [0, 1) and over the bytes', () => {
    const random = new ScriptedRandom(3)
    const buckets = new Array<number>(10).fill(0)
    const values = draw(random, 20_000)
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true)
    for (const value of values) {
      buckets[Math.floor(value * 10)] = (buckets[Math.floor(value * 10)] ?? 0) + 1
    }
    // A chi-square of 9 degrees of freedom passes 27.9 once in a thousand seeds; this seed is fixed.
    expect(buckets.reduce((sum, count) => sum + (count - 2_000) ** 2 / 2_000, 0)).toBeLessThan(27.9)
    expect(new Set(random.bytes(4_096)).size).toBe(256)
  })
})

describe('a listed source', () => {
  test('gives the listed numbers and then says that chance was asked too often', () => {
    const random = new ScriptedRandom([0, 0.5, 0.999])
    expect(draw(random, 3)).toEqual([0, 0.5, 0.999])
    expect(random.drawn).toBe(3)
    expect(() => random.next()).toThrow(/more than the 3 times/)
    expect(random.drawn).toBe(3)
  })

  test('does not follow later changes of the list, and gives bytes without using it up', () => {
    const list = [0.25]
    const random = new ScriptedRandom(list)
    list[0] = 0.75
    expect(random.bytes(16)).toHaveLength(16)
    expect(random.next()).toBe(0.25)
  })

  test('refuses numbers outside [0, 1) and seeds that are not whole', () => {
    expect(() => new ScriptedRandom([1])).toThrow(/script: 1 is not allowed/)
    expect(() => new ScriptedRandom(0.5)).toThrow(/seed: 0.5/)
    expect(() => new ScriptedRandom(1).bytes(-1)).toThrow(/count: -1/)
  })
})
