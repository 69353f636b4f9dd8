import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { createSecretDigester, digestText, InvalidPepper, rememberedTags, tagDigest } from '../src/index.ts'

describe('digests', () => {
  test('a text digest is the first 160 bits of SHA-256', () => {
    const expected = createHash('sha256').update('héllo').digest().subarray(0, 20).toString('base64url')
    expect(digestText('héllo')).toBe(expected)
    expect(expected).toHaveLength(27)
  })

  test('a tag digest is the first 64 bits, the same from memory and anew', () => {
    const expected = createHash('sha256').update('user:1').digest().subarray(0, 8).toString('base64url')
    expect([tagDigest('user:1'), tagDigest('user:1')]).toEqual([expected, expected])
    expect(expected).toHaveLength(11)
  })

  test('texts that are not well-formed are kept apart', () => {
    expect(new Set(['\ud800', '\ud801', '\ufffd', 'x\ud800'].map(digestText)).size).toBe(4)
    expect(tagDigest('\udc00')).not.toBe(tagDigest('\ufffd'))
  })

  test('the memory of tag digests is bounded, and forgetting changes nothing', () => {
    const before = tagDigest('kept')
    for (let index = 0; index < 30_000; index++) tagDigest(`tag:${index}`)
    expect(rememberedTags()).toBeLessThanOrEqual(8192)
    expect(tagDigest('kept')).toBe(before)
  })
})

describe('secret arguments', () => {
  const current = 'current pepper of 30 bytes....'
  const older = 'an older pepper, 24 byte'

  test('are replaced by an HMAC under the pepper, apart from its other uses', () => {
    const { digest } = createSecretDigester(current)
    expect(digest('"gw_live_1"')).toBe(
      createHmac('sha256', current).update('granary/secret-argument/1\0"gw_live_1"').digest('base64url'),
    )
    expect(digest('"gw_live_1"')).not.toBe(createHmac('sha256', current).update('"gw_live_1"').digest('base64url'))
    expect(digest('"gw_live_1"')).toMatch(/^[\w-]{43}$/)
  })

  test('survive a rotation: the new pepper writes, the others are known', () => {
    const before = createSecretDigester(older)
    const after = createSecretDigester([current, older])
    expect(after.digest('x')).toBe(createSecretDigester(current).digest('x'))
    expect(after.alternatives('x')).toEqual([before.digest('x')])
    expect(before.alternatives('x')).toEqual([])
  })

  test('need a pepper of 16 bytes', () => {
    expect(() => createSecretDigester('fifteen bytes..')).toThrow(InvalidPepper)
    expect(() => createSecretDigester('fifteen bytes..')).toThrow(/entry 0 has 15 bytes; give at least 16/)
    expect(() => createSecretDigester([current, ''])).toThrow(/entry 1 has 0 bytes/)
    expect(() => createSecretDigester([])).toThrow(/the list is empty/)
    expect(() => createSecretDigester([undefined as unknown as string])).toThrow(/entry 0 is not a string/)
    expect(createSecretDigester('ééééééééééé').digest('x')).toHaveLength(43)
  })
})
