import { describe, expect, test } from 'vitest'
import {
  createPayloads,
  decodeFrame,
  encodeFrame,
  encodeFrameAsync,
  encodePlaceholder,
  FRAME,
  FrameError,
  type FrameFields,
  MAX_TAGS,
  tagDigest,
} from '../src/index.ts'

const fields: FrameFields = {
  negative: false,
  version: Buffer.from('0102030405060708', 'hex'),
  life: Buffer.from('1112131415161718', 'hex'),
  inc: Buffer.from('2122232425262728', 'hex'),
  reading: 7,
  created: 1_700_000_000_000.25,
  freshUntil: 1_700_000_060_000,
  hardExpiry: 1_700_000_120_000,
  loadTime: 12.5,
  tags: [tagDigest('user:1'), tagDigest('plan:2')],
}
const payload = Buffer.from('\u0001payload')
const frame = () => encodeFrame(fields, () => payload)
const refuses = (bytes: Uint8Array, code: string) =>
  expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ name: 'FrameError', code }))

describe('a frame', () => {
  test('stands at the offsets that scripts read', () => {
    const bytes = frame()
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0x47, 1, 0, 48]))
    expect(bytes.subarray(4, 24)).toEqual(Buffer.alloc(20))
    expect(bytes.subarray(24, 48).toString('hex')).toBe('010203040506070811121314151617182122232425262728')
    expect([48, 56, 64, 72, 80].map((at) => bytes.readDoubleBE(at))).toEqual([
      7, 1_700_000_000_000.25, 1_700_000_060_000, 1_700_000_120_000, 12.5,
    ])
    expect(bytes.readUInt16BE(88)).toBe(2)
    expect(bytes.subarray(90, 106).toString('base64url', 0, 8)).toBe(tagDigest('user:1'))
    expect(bytes.subarray(106)).toEqual(payload)
  })

  test('comes back as it was written', () => {
    const view = decodeFrame(frame())
    expect(view).toMatchObject({ ...fields, placeholder: false, waiter: false, leaseDeadline: 0 })
    expect(view.token).toEqual(Buffer.alloc(8))
    expect(view.payload).toEqual(payload)
  })

  test('hands the same immutable half to whoever packs and unpacks', () => {
    let given: Uint8Array | undefined
    const bytes = encodeFrame(fields, (associated) => {
      given = Buffer.from(associated)
      return payload
    })
    expect(decodeFrame(bytes).associated).toEqual(given)
    expect(given).toEqual(bytes.subarray(24, 106))
  })

  test('is the same when its payload is made elsewhere', async () => {
    expect(await encodeFrameAsync(fields, async () => payload)).toEqual(frame())
  })

  test('keeps its value while a lease is written over its mutable half', () => {
    const bytes = frame()
    bytes.write('leaseown', FRAME.token, 'latin1')
    bytes.writeDoubleBE(99.5, FRAME.deadline)
    bytes[FRAME.flagsAt] = (bytes[FRAME.flagsAt] as number) | FRAME.flags.waiter
    const view = decodeFrame(bytes)
    expect(view).toMatchObject({ ...fields, waiter: true, leaseDeadline: 99.5 })
    expect(Buffer.from(view.token).toString()).toBe('leaseown')
    expect(view.associated).toEqual(decodeFrame(frame()).associated)
  })

  test('knows where it belongs, who wrote it, and whether it is leased', () => {
    const view = decodeFrame(frame())
    expect(view.belongsTo(fields.life, fields.inc)).toBe(true)
    expect(view.belongsTo(fields.inc, fields.inc)).toBe(false)
    expect(view.belongsTo(fields.life, fields.life)).toBe(false)
    expect(view.versionText).toBe(Buffer.from(fields.version).toString('latin1'))
    expect([
      view.leased,
      decodeFrame(encodePlaceholder({ token: Buffer.from('0000000000000001', 'hex'), deadline: 1 })).leased,
    ]).toEqual([false, true])
  })

  test('says in its flags how the payload was made', () => {
    const payloads = createPayloads({ compression: { threshold: 10 } })
    const compressed = encodeFrame({ ...fields, negative: true }, (associated) =>
      payloads.pack('x'.repeat(500), associated),
    )
    expect(compressed[2]).toBe(FRAME.flags.negative | FRAME.flags.compressed)
    expect(decodeFrame(compressed)).toMatchObject({ negative: true, tags: fields.tags })
  })

  test('may have no tags, or thousands', () => {
    expect(decodeFrame(encodeFrame({ ...fields, tags: [] }, () => payload)).tags).toEqual([])
    const tags = Array.from({ length: 5000 }, (_, index) => tagDigest(`t${index}`))
    expect(decodeFrame(encodeFrame({ ...fields, tags, negative: true }, () => payload))).toMatchObject({
      tags,
      negative: true,
    })
  })

  test('is refused at once when a field cannot be written', () => {
    const writing = (more: Partial<FrameFields>) => () => encodeFrame({ ...fields, ...more }, () => payload)
    expect(writing({ life: Buffer.alloc(7) })).toThrow('life: a token has 8 bytes, not 7.')
    expect(writing({ freshUntil: Number.NaN })).toThrow('freshUntil: NaN is not a finite number.')
    expect(writing({ hardExpiry: Number.POSITIVE_INFINITY })).toThrow(RangeError)
    expect(writing({ tags: ['user:1'] })).toThrow("'user:1' is not a tag digest.")
    expect(writing({ tags: new Array(MAX_TAGS + 1).fill(tagDigest('t')) })).toThrow(/32768 tags; at most 32767/)
  })
})

describe('a placeholder', () => {
  test('holds a lease and nothing else, in 48 bytes', () => {
    const token = Buffer.from('placehol')
    const bytes = encodePlaceholder({ token, deadline: 5.5 })
    expect(bytes).toHaveLength(FRAME.headerBytes)
    expect(decodeFrame(bytes)).toMatchObject({
      placeholder: true,
      waiter: false,
      token,
      leaseDeadline: 5.5,
      tags: [],
      negative: false,
    })
    expect(decodeFrame(bytes).payload).toHaveLength(0)
  })
})

describe('bytes that are no frame of ours', () => {
  test('end too early, at every length', () => {
    const bytes = frame()
    for (let length = 0; length < 106; length++) refuses(bytes.subarray(0, length), 'FRAME_TRUNCATED')
    expect(decodeFrame(bytes.subarray(0, 106)).payload).toHaveLength(0)
  })

  test('were written by something else', () => {
    refuses(Buffer.from('{"id":1}'.repeat(20)), 'FRAME_MAGIC')
  })

  test('were written by another version: a newer one is told apart, so that it is left alone', () => {
    const bytes = frame()
    bytes[1] = 2
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_VERSION', newer: true }))
    bytes[1] = 0
    expect(() => decodeFrame(bytes)).toThrow(expect.objectContaining({ code: 'FRAME_VERSION', newer: false }))
  })

  test('contradict themselves', () => {
    const negative = frame()
    negative[2] = FRAME.flags.negative
    refuses(negative, 'FRAME_CORRUPT')
    const timeless = frame()
    timeless.writeDoubleBE(Number.NaN, FRAME.hardExpiry)
    refuses(timeless, 'FRAME_CORRUPT')
    const tagged = frame()
    tagged.writeUInt16BE(30_000, FRAME.tagCount)
    refuses(tagged, 'FRAME_TRUNCATED')
  })

  test('are errors of Granary, with a code', () => {
    const error = new FrameError('FRAME_MAGIC', 'x')
    expect(Symbol.for('granary.error') in error).toBe(true)
    expect(error).toMatchObject({ name: 'FrameError', code: 'FRAME_MAGIC', newer: false })
  })
})
