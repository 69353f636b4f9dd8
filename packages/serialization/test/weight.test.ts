import { describe, expect, test } from 'vitest'
import { createClassRegistry, createPayloads, examine } from '../src/index.ts'

const registry = createClassRegistry()
const payloads = createPayloads({})

/** What a value is estimated to weigh, as it is loaded and as it comes out of Redis. */
function weights(value: unknown): readonly [loaded: number, read: number] {
  const examined = examine(value, { registry, freeze: false })
  if (!examined.ok) throw new Error(examined.reason)
  const key = Buffer.from('key')
  const adopted = payloads.adopt(payloads.pack(value, key), key, { freeze: false })
  return [examined.bytes, adopted.bytes]
}

describe('a string is estimated at what V8 takes for it', () => {
  test.each([
    ['Latin letters', 'plain text, and a lot of it. '.repeat(40), 1],
    ['Latin letters with accents', 'Überall Straßencafés, façades. '.repeat(40), 1],
    ['Cyrillic', 'Пётр любит Анну. '.repeat(40), 2],
    ['Chinese', '你好，世界'.repeat(40), 2],
    ['Latin letters but for one dash at the end', `${'a'.repeat(20_000)}—`, 2],
    ['one emoji at the start', `😀${'a'.repeat(20_000)}`, 2],
    ['half of an emoji', `\ud83d${'a'.repeat(100)}`, 2],
    ['a few more characters than those that are not looked at', 'ж'.repeat(33), 2],
  ])('%s', (_, text, bytesEach) => {
    expect(weights(text)).toEqual(Array(2).fill(16 + bytesEach * text.length))
  })

  test('in lists and records, and where it is a key of a map', () => {
    const text = 'ж'.repeat(100)
    const [plain] = weights('x'.repeat(100))
    const [wide] = weights(text)
    expect(wide - plain).toBe(100)
    for (const wrap of [
      (item: string) => [item],
      (item: string) => ({ item }),
      (item: string) => new Map([[item, 1]]),
    ]) {
      const [loaded, read] = weights(wrap(text))
      expect([loaded, read]).toEqual(weights(wrap('x'.repeat(100))).map((bytes) => bytes + 100))
    }
  })
})
