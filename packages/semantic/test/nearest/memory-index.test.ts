import { ManualClock } from '@granary/testing'
import { describe, expect, test } from 'vitest'
import { memoryIndex } from '../../src/index.ts'
import { vectorIndexContract } from '../contracts/vector-index.ts'

describe('the index in the process', () => {
  vectorIndexContract(() => {
    const clock = new ManualClock()
    const index = memoryIndex({ clock })
    return {
      index,
      settle: async () => {},
      pass: async (milliseconds) => clock.advance(milliseconds),
      close: () => index.close(),
    }
  })

  test('holds no more than maxEntries: the oldest goes', async () => {
    const index = memoryIndex({ maxEntries: 2 })
    const vector = new Float32Array([1, 0])
    for (const id of ['a', 'b', 'c']) await index.add(id, { id, text: id, answer: id, tags: [], vector }, 1_000)
    const found = await Promise.all(['a', 'b', 'c'].map((scope) => index.search(scope, vector, 5)))
    expect(found.map(({ length }) => length)).toEqual([0, 1, 1])
  })

  test('refuses a bound that is none', () => {
    expect(() => memoryIndex({ maxEntries: 0 })).toThrow('maxEntries')
  })
})
