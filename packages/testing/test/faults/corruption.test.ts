import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Corruption } from '../../src/faults/corruption.ts'
import { ScriptedRandom } from '../../src/index.ts'

const corrupted = (bytes: Buffer, seed: number, size: number) => {
  const corruption = new Corruption(0.05, new ScriptedRandom(seed))
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) parts.push(corruption.apply(bytes.subarray(at, at + size)))
  return Buffer.concat(parts)
}

test('the seed and the bytes decide what is hit, not how they were cut into chunks', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 400 }),
      fc.integer(),
      fc.integer({ min: 1, max: 100 }),
      (input, seed, size) => {
        const bytes = Buffer.from(input)
        expect(corrupted(bytes, seed, size).equals(corrupted(bytes, seed, 1_000))).toBe(true)
        expect(bytes.equals(Buffer.from(input))).toBe(true)
      },
    ),
  )
})

test('about the given share of bytes is hit, each in one bit', () => {
  const bytes = Buffer.alloc(40_000)
  const hits = [...corrupted(bytes, 5, 4_096)].filter((byte) => byte !== 0)
  expect(hits.length).toBeGreaterThan(1_800)
  expect(hits.length).toBeLessThan(2_200)
  expect(hits.every((byte) => (byte & (byte - 1)) === 0)).toBe(true)
})

test('a share of 1 hits every byte', () => {
  const corruption = new Corruption(1, new ScriptedRandom(1))
  expect([...corruption.apply(Buffer.alloc(50))].every((byte) => byte !== 0)).toBe(true)
})
