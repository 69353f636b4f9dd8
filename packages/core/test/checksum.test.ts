import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isIntact, stampChecksum } from '../src/engine/frame/checksum.ts'

const KEY = 'app:user:1:42'

const frames = fc.uint8Array({ minLength: 90, maxLength: 6_000 }).map((bytes) => {
  const frame = Buffer.from(bytes)
  stampChecksum(frame, KEY)
  return frame
})

describe('the checksum of a frame', () => {
  test('a flipped bit in what scripts never change is noticed, in short frames and long ones', () => {
    fc.assert(
      fc.property(frames, fc.nat(), fc.integer({ min: 0, max: 7 }), (frame, where, bit) => {
        const at = 20 + (where % (frame.length - 20))
        frame[at] = (frame[at] as number) ^ (1 << bit)
        return !isIntact(frame, KEY) || frame.readUInt32BE(20) === 0
      }),
    )
  })

  test('a frame that ends early is noticed', () => {
    fc.assert(
      fc.property(
        frames,
        fc.nat(),
        (frame, cut) => !isIntact(frame.subarray(0, 48 + (cut % (frame.length - 48))), KEY),
      ),
    )
  })

  test('a sound frame of another key is noticed', () => {
    const keys = fc.string({ maxLength: 40 }).filter((key) => key !== KEY)
    fc.assert(fc.property(frames, keys, (frame, key) => !isIntact(frame, key)))
  })

  test('what a lease changes in place is not part of it', () => {
    fc.assert(
      fc.property(frames, fc.uint8Array({ minLength: 18, maxLength: 18 }), (frame, lease) => {
        frame.set(lease, 2)
        return isIntact(frame, KEY)
      }),
    )
  })

  test('a frame without one is taken as it is', () => {
    expect(isIntact(Buffer.alloc(100, 7).fill(0, 20, 24), KEY)).toBe(true)
  })
})
