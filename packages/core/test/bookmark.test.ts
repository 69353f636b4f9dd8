import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Bookmark, formatBookmark, later, parseBookmark, SOMEWHERE } from '../src/invalidation/bookmark.ts'

const place: fc.Arbitrary<Bookmark> = fc.record({
  incarnation: fc.integer({ min: 1, max: 2 ** 52 - 1 }),
  sequence: fc.maxSafeNat(),
  queued: fc.boolean(),
})

describe('a bookmark as text', () => {
  test('comes back as it went', () => {
    fc.assert(
      fc.property(place, (mark) => {
        expect(parseBookmark(formatBookmark(mark))).toEqual(mark)
      }),
    )
  })

  test('needs no quoting in a header or a cookie, and is short', () => {
    fc.assert(
      fc.property(place, (mark) => {
        expect(formatBookmark(mark)).toMatch(/^[0-9a-z.]{3,25}$/)
      }),
    )
  })

  test('hostile text is a place that nobody can tell to have reached, and no error', () => {
    const hostile = ['', '.', 'a', '1.2.x', '1.2.qq', '-1.2', '1.-2', 'NaN.1', '1.2\r\nset-cookie: a', 'é.1', '1.2.q.q']
    for (const text of [...hostile, '9'.repeat(1e6), `${'z'.repeat(11)}.1`, `1.${'z'.repeat(11)}`])
      expect(parseBookmark(text)).toBe(SOMEWHERE)
    fc.assert(
      fc.property(fc.string(), (text) => {
        const mark = parseBookmark(text)
        expect(Number.isSafeInteger(mark.incarnation) && Number.isSafeInteger(mark.sequence)).toBe(true)
      }),
    )
  })
})

describe('the later of two bookmarks', () => {
  test('is at least as far as each, in one incarnation', () => {
    fc.assert(
      fc.property(place, fc.maxSafeNat(), (one, sequence) => {
        const both = later(one, { ...one, sequence })
        expect(both.sequence).toBe(Math.max(one.sequence, sequence))
      }),
    )
  })

  test('of two incarnations is neither: nobody knows which came first', () => {
    const [one, other] = [
      { incarnation: 1, sequence: 5, queued: false },
      { incarnation: 2, sequence: 1, queued: true },
    ]
    expect(later(one, other)).toEqual({ ...SOMEWHERE, queued: true })
    expect(later(later(one, other), one)).toEqual({ ...SOMEWHERE, queued: true })
  })
})
