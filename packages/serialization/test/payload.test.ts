import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  createClassRegistry,
  createPayloads,
  createSealer,
  decodeFrame,
  encodeFrame,
  FrameError,
  InvalidSealingKey,
  PAYLOAD,
} from '../src/index.ts'
import { c9Values, classes, identical } from './c9-values.ts'

const key = (fill: number) => Buffer.alloc(32, fill)
const first = createSealer({ keys: [{ id: '2026-01', key: key(1) }] })
const rotated = createSealer({
  keys: [
    { id: '2026-02', key: key(2).toString('base64') },
    { id: '2026-01', key: key(1) },
  ],
})
const associated = Buffer.from('ns:users:1:41|header')
const none = Buffer.alloc(0)
const registry = createClassRegistry(classes)
const refused = (code: string) => expect.objectContaining({ name: 'FrameError', code })

describe('every kind of value survives compression and sealing', () => {
  const payloads = createPayloads({ classes: registry, sealer: first, compression: { threshold: 64 } })

  test.for(c9Values)('$name', async ({ make }) => {
    const plain = payloads.pack(make(), none)
    const sealed = payloads.pack(make(), associated, { seal: true })
    expect(identical(payloads.unpack(plain, none), make())).toBe(true)
    expect(identical(payloads.unpack(sealed, associated, { sealed: true }), make())).toBe(true)
    expect(identical(await payloads.unpackAsync(sealed, associated), make())).toBe(true)
  })
})

describe('compression', () => {
  const rows = Array.from({ length: 2000 }, (_, id) => ({ id, name: `user ${id}`, plan: 'pro' }))

  test('is used from 16 KiB, where it saves a tenth', () => {
    const payloads = createPayloads()
    const form = (value: unknown) => payloads.pack(value, none)[0]
    expect(form(rows)).toBe(PAYLOAD.version | PAYLOAD.compressed)
    expect(form('x'.repeat(16 * 1024))).toBe(PAYLOAD.version | PAYLOAD.compressed)
    expect(form('x'.repeat(16 * 1024 - 100))).toBe(PAYLOAD.version)
    expect(form(randomBytes(40_000))).toBe(PAYLOAD.version)
    expect(createPayloads({ compression: { minSaving: 0.95 } }).pack(rows, none)[0]).toBe(PAYLOAD.version)
  })

  test('can be switched off, and what was compressed is still read', () => {
    const never = createPayloads({ compression: false })
    expect(never.pack(rows, none)[0]).toBe(PAYLOAD.version)
    expect(never.unpack(createPayloads().pack(rows, none), none)).toEqual(rows)
  })

  test('on another thread gives the same bytes and the same value', async () => {
    const payloads = createPayloads()
    const large = Array.from({ length: 40_000 }, (_, id) => ({ id, name: `user ${id}` }))
    const bytes = await payloads.packAsync(large, none)
    expect(bytes).toEqual(payloads.pack(large, none))
    expect(await payloads.unpackAsync(bytes, none)).toEqual(large)
    expect(await payloads.unpackAsync(await payloads.packAsync('small', none), none)).toBe('small')
  })
})

test('options that make no sense are refused at once', () => {
  expect(() => createPayloads({ compression: { threshold: -1 } })).toThrow(
    'compression.threshold: -1 is not allowed; it is a number from 0 to Infinity.',
  )
  expect(() => createPayloads({ compression: { minSaving: Number.NaN } })).toThrow(
    /minSaving: NaN is not allowed; it is a number from 0 to 1/,
  )
  expect(() => createPayloads({ limits: { maxBytes: 2 ** 32 } })).toThrow(/maxBytes: 4294967296 is not allowed/)
  expect(() => createPayloads({ limits: { maxDepth: 0 } })).toThrow(/maxDepth: 0 is not allowed/)
})

describe('bombs and lies', () => {
  const payloads = createPayloads({ limits: { maxBytes: 1_000_000 } })
  const compressed = (size: number, prefix: number, data: Buffer) => {
    const head = Buffer.alloc(9)
    head[0] = PAYLOAD.version | PAYLOAD.compressed
    head.writeUInt32BE(size, 1)
    head.writeUInt32LE(prefix, 5)
    return Buffer.concat([head, data])
  }
  const quickly = (bytes: Buffer, code: string) => {
    const started = performance.now()
    expect(() => payloads.unpack(bytes, none)).toThrow(refused(code))
    expect(performance.now() - started).toBeLessThan(50)
  }

  test('44 bytes that claim 4 GiB are refused at once', () => {
    const data = Buffer.alloc(35, 0xff)
    quickly(compressed(0xffffffff, 0xffffffff, data), 'FRAME_LIMIT')
    quickly(compressed(900_000, 0xffffffff, data), 'FRAME_CORRUPT')
    quickly(compressed(900_000, 900_000, data), 'FRAME_CORRUPT')
    expect(compressed(0, 0, data)).toHaveLength(44)
    const generous = createPayloads({ limits: { maxBytes: 500_000_000 } })
    const started = performance.now()
    expect(() => generous.unpack(compressed(490_000_000, 490_000_000, data), none)).toThrow(refused('FRAME_CORRUPT'))
    expect(performance.now() - started).toBeLessThan(50)
  })

  test('a true bomb stops at the limit', () => {
    const generous = createPayloads()
    const bomb = generous.pack('\0'.repeat(10_000_000), none)
    expect(bomb.length).toBeLessThan(50_000)
    expect(() => payloads.unpack(bomb, none)).toThrow(refused('FRAME_LIMIT'))
    expect(generous.unpack(bomb, none)).toHaveLength(10_000_000)
  })

  test('a size that the data do not have', () => {
    const honest = Buffer.from(createPayloads({ compression: { threshold: 1 } }).pack('abc'.repeat(100), none))
    const size = honest.readUInt32BE(1)
    for (const wrong of [size - 1, size + 1, 0]) {
      const bytes = Buffer.from(honest)
      bytes.writeUInt32BE(wrong, 1)
      bytes.writeUInt32LE(wrong, 5)
      quickly(bytes, 'FRAME_CORRUPT')
    }
    quickly(honest.subarray(0, 6), 'FRAME_TRUNCATED')
  })

  test('another version and unknown flags', () => {
    expect(() => payloads.unpack(Buffer.from([2, 1, 1]), none)).toThrow(
      expect.objectContaining({ code: 'FRAME_VERSION', newer: true }),
    )
    quickly(Buffer.from([0x41, 1, 1]), 'FRAME_CORRUPT')
    quickly(Buffer.alloc(0), 'FRAME_TRUNCATED')
    quickly(Buffer.from([1]), 'FRAME_TRUNCATED')
  })
})

describe('sealed payloads', () => {
  const payloads = createPayloads({ sealer: first })
  const secret = { email: 'ada@example.com' }
  const seal = () => Buffer.from(payloads.pack(secret, associated, { seal: true }))

  test('show nothing of the value, and never the same bytes twice', () => {
    expect(seal().includes('ada@example.com')).toBe(false)
    expect(seal().equals(seal())).toBe(false)
    expect(payloads.unpack(seal(), associated)).toEqual(secret)
  })

  test('do not open under another key of the cache', () => {
    expect(() => payloads.unpack(seal(), Buffer.from('ns:users:1:42|header'))).toThrow(refused('FRAME_SEAL'))
  })

  test('do not open when any bit was changed', () => {
    const bytes = seal()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => payloads.unpack(changed, associated, { sealed: true })).toThrow(
        expect.objectContaining({ name: 'FrameError' }),
      )
    }
  })

  test("do not open when any bit of the frame's immutable half was changed", () => {
    const token = Buffer.alloc(8, 3)
    const frame = encodeFrame(
      {
        negative: false,
        version: token,
        life: token,
        inc: token,
        reading: 1,
        created: 2,
        freshUntil: 3,
        hardExpiry: 4,
        loadTime: 5,
        tags: ['AAAAAAAAAAA'],
      },
      (half) => payloads.pack(secret, Buffer.concat([associated, half]), { seal: true }),
    )
    const open = (bytes: Buffer) => {
      const view = decodeFrame(bytes)
      return payloads.unpack(view.payload, Buffer.concat([associated, view.associated]), { sealed: true })
    }
    expect(open(frame)).toEqual(secret)
    for (let bit = 24 * 8; bit < 98 * 8; bit++) {
      const changed = Buffer.from(frame)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      if (!refusesFrame(() => open(changed))) expect.fail(`bit ${bit} does not count`)
    }
  })

  test('cannot be replaced by unsealed ones where a seal is demanded', () => {
    const forged = payloads.pack({ email: 'mallory@example.com' }, none)
    expect(() => payloads.unpack(forged, associated, { sealed: true })).toThrow(refused('FRAME_SEAL'))
    expect(payloads.unpack(forged, associated)).toEqual({ email: 'mallory@example.com' })
  })

  test('outlive a rotation of keys, and no longer', () => {
    const after = createPayloads({ sealer: rotated })
    expect(after.unpack(seal(), associated)).toEqual(secret)
    expect(() => payloads.unpack(after.pack(secret, associated, { seal: true }), associated)).toThrow(
      refused('FRAME_KEY'),
    )
    expect(() => createPayloads().unpack(seal(), associated)).toThrow(refused('FRAME_KEY'))
    const sameId = createPayloads({ sealer: createSealer({ keys: [{ id: '2026-01', key: key(9) }] }) })
    expect(() => sameId.unpack(seal(), associated)).toThrow(refused('FRAME_SEAL'))
  })

  test('ask for their context only when there is a seal', () => {
    const never = () => {
      throw new Error('asked')
    }
    expect(payloads.unpack(payloads.pack(1, never), never)).toBe(1)
    expect(payloads.unpack(seal(), () => associated)).toEqual(secret)
  })

  test('cannot be made without a sealer', () => {
    expect(() => createPayloads().pack(1, associated, { seal: true })).toThrow(/pass createPayloads\(\{ sealer \}\)/)
  })

  test.for<[string, Parameters<typeof createSealer>[0], RegExp]>([
    ['no key', { keys: [] }, /at least one key/],
    [
      'a short key',
      { keys: [{ id: 'a', key: Buffer.alloc(31) }] },
      /the key 'a' has 31 bytes; AES-256 needs exactly 32/,
    ],
    ['a password', { keys: [{ id: 'a', key: 'correct horse battery staple' }] }, /AES-256 needs exactly 32/],
    ['an empty id', { keys: [{ id: '', key: key(1) }] }, /must have 1 to 32 bytes/],
    ['a long id', { keys: [{ id: 'x'.repeat(33), key: key(1) }] }, /must have 1 to 32 bytes/],
    [
      'an id twice',
      {
        keys: [
          { id: 'a', key: key(1) },
          { id: 'a', key: key(2) },
        ],
      },
      /'a' is given twice/,
    ],
  ])('refuse %s', ([, options, message]) => {
    expect(() => createSealer(options)).toThrow(InvalidSealingKey)
    expect(() => createSealer(options)).toThrow(message)
  })
})

function refusesFrame(read: () => unknown): boolean {
  try {
    read()
    return false
  } catch (error) {
    return error instanceof FrameError
  }
}

test('a seal covers how the payload is to be read: saying that it was compressed, or was not, breaks it', () => {
  const sealer = createSealer({ keys: [{ id: 'k', key: key(7) }] })
  const payloads = createPayloads({ sealer, compression: { threshold: 0, minSaving: 0 } })
  for (const value of ['short', 'x'.repeat(5_000)]) {
    const bytes = Buffer.from(payloads.pack(value, Buffer.alloc(0), { seal: true }))
    bytes[0] = (bytes[0] as number) ^ PAYLOAD.compressed
    expect(() => payloads.unpack(bytes, Buffer.alloc(0))).toThrow(refused('FRAME_SEAL'))
  }
})
