import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RespScanner, type Segment } from '../../src/faults/resp-scanner.ts'
import { encodeCommand } from '../../src/redis/resp.ts'

/** Cuts `bytes` into chunks of the given sizes, over and over. */
function* chunks(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}

function scanAll(side: 'requests' | 'replies', bytes: Buffer, sizes: readonly number[]): Segment[] {
  const scanner = new RespScanner(side)
  return [...[...chunks(bytes, sizes)].flatMap((chunk) => scanner.scan(chunk)), ...scanner.flush()]
}

const joined = (segments: readonly Segment[]) => Buffer.concat(segments.map((segment) => segment.bytes))
const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 })
const blob = fc.uint8Array({ maxLength: 60 })
const bulk = (bytes: Uint8Array, type = '$') =>
  Buffer.concat([Buffer.from(`${type}${bytes.length}\r\n`), bytes, Buffer.from('\r\n')])
const list = (type: string, count: number, parts: readonly Buffer[]) =>
  Buffer.concat([Buffer.from(`${type}${count}\r\n`), ...parts])

const { value } = fc.letrec<{ value: Buffer }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc
      .constantFrom('+OK', '-ERR no', ':-12', '_', '#t', ',1.5', '(123', '$-1', '*-1', '*0', '%0')
      .map((line) => Buffer.from(`${line}\r\n`)),
    blob.map((bytes) => bulk(bytes)),
    blob.map((bytes) => bulk(bytes, '=')),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => list('*', items.length, items)),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => list('~', items.length, items)),
    fc
      .array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 })
      .map((pairs) => list('%', pairs.length, pairs.flat())),
    fc.tuple(tie('value'), tie('value'), tie('value')).map((parts) => list('|', 1, parts)),
  ),
}))

describe('scanning requests', () => {
  const words = fc.tuple(fc.constantFrom('GET', 'set', 'Subscribe', 'X'), fc.array(blob, { maxLength: 4 }))

  test('any chunking gives every command once, by name, and every byte in order', () => {
    fc.assert(
      fc.property(fc.array(words, { minLength: 1, maxLength: 6 }), sizes, (commands, cuts) => {
        const bytes = Buffer.concat(commands.map(([name, args]) => encodeCommand([name, ...args])))
        const segments = scanAll('requests', bytes, cuts)
        expect(Buffer.compare(joined(segments), bytes)).toBe(0)
        const names = commands.map(([name]) => name.toUpperCase())
        expect(segments.filter((segment) => segment.first).map((segment) => segment.name)).toEqual(names)
        expect(segments.filter((segment) => segment.last).map((segment) => segment.name)).toEqual(names)
      }),
    )
  })

  test('a large command passes piece by piece, each under its name', () => {
    const segments = scanAll('requests', encodeCommand(['SET', 'k', Buffer.alloc(1_000_000, 1)]), [65_536])
    expect(segments.length).toBe(16)
    expect(new Set(segments.map((segment) => segment.name))).toEqual(new Set(['SET']))
    expect(segments.map((segment) => segment.last)).toEqual([...new Array(15).fill(false), true])
  })

  test('inline commands count too', () => {
    const segments = scanAll('requests', Buffer.from('PING\r\nset a 1\n'), [3])
    expect(segments.map((segment) => [segment.name, segment.last])).toEqual([
      ['PING', true],
      ['SET', true],
    ])
  })
})

describe('scanning replies', () => {
  test('any chunking of RESP2 and RESP3 gives every reply once and every byte in order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), value), { minLength: 1, maxLength: 5 }), sizes, (replies, cuts) => {
        const parts = replies.map(([pushed, reply]) => (pushed ? list('>', 1, [reply]) : reply))
        const bytes = Buffer.concat(parts)
        const segments = scanAll('replies', bytes, cuts)
        expect(Buffer.compare(joined(segments), bytes)).toBe(0)
        expect(segments.filter((segment) => segment.last).map((segment) => segment.type)).toEqual(
          replies.map(([pushed]) => (pushed ? 'push' : 'reply')),
        )
      }),
    )
  })

  test('whatever the bytes are, none is lost or reordered', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('requests' as const, 'replies' as const),
        fc.uint8Array({ maxLength: 300 }),
        sizes,
        (side, bytes, cuts) => {
          expect(Buffer.compare(joined(scanAll(side, Buffer.from(bytes), cuts)), Buffer.from(bytes))).toBe(0)
        },
      ),
    )
  })
})
