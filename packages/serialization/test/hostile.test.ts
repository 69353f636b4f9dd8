/** Bytes from an attacker, or from a disk that forgot: they end in a FrameError, soon, and change nothing. */
import fc from 'fast-check'
import { addExtension } from 'msgpackr'
import { describe, expect, test } from 'vitest'
import { MARK } from '../src/codec/marks.ts'
import { rememberedShapes } from '../src/codec/shape.ts'
import {
  createClassRegistry,
  createCodec,
  createPayloads,
  decodeFrame,
  encodeFrame,
  FrameError,
  tagDigest,
} from '../src/index.ts'
import { c9Values, classes } from './c9-values.ts'

const registry = createClassRegistry(classes)
const codec = createCodec({ classes: registry })
const payloads = createPayloads({ classes: registry, compression: { threshold: 200 }, limits: { maxBytes: 4_000_000 } })
const none = Buffer.alloc(0)
const SLOW_MS = 50
/** GRANARY_FUZZ multiplies the runs. */
const RUNS = 1000 * Number(process.env['GRANARY_FUZZ'] ?? 1)

/** Decodes; nothing but a value or a FrameError may come of it, soon. Garbage collection and neighbours are forgiven by a second try. */
function survives(decode: () => unknown): void {
  for (let attempt = 0; ; attempt++) {
    const started = performance.now()
    try {
      decode()
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
    }
    if (performance.now() - started < SLOW_MS) return
    if (attempt === 3) throw new Error(`took longer than ${SLOW_MS} ms, four times`)
  }
}

function unpolluted(): void {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(PRISTINE.object)
  expect(Object.getOwnPropertyNames(Array.prototype)).toEqual(PRISTINE.array)
  expect(Object.keys({})).toEqual([])
}

const PRISTINE = {
  object: Object.getOwnPropertyNames(Object.prototype),
  array: Object.getOwnPropertyNames(Array.prototype),
}

function frameOf(value: unknown): Buffer {
  const token = Buffer.alloc(8, 1)
  return encodeFrame(
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
      tags: [tagDigest('t')],
    },
    (associated) => payloads.pack(value, associated),
  )
}

function readFrame(bytes: Uint8Array): unknown {
  const view = decodeFrame(bytes)
  return view.placeholder ? undefined : payloads.unpack(view.payload, view.associated)
}

describe('fuzz', () => {
  const frames = c9Values
    .filter(({ name }) => !name.includes('every length') && !name.includes('beyond ASCII'))
    .map(({ make }) => frameOf(make()))
  const bodies = frames.filter((bytes) => bytes.length < 3000)

  test('arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 1, 2), (bytes, form) => {
        survives(() => decodeFrame(bytes))
        survives(() => payloads.unpack(bytes, none))
        survives(() => codec.decode(Buffer.concat([Buffer.from([form]), bytes])))
      }),
      { numRuns: RUNS },
    )
    unpolluted()
  })

  test('an error whose class is the name of a property that every list has', () => {
    const codec = createCodec()
    const bytes = Buffer.from(codec.encode(new Error('boom')))
    let tried = 0
    for (let at = 1; at < bytes.length; at++) {
      if (bytes[at] !== 0) continue
      tried += 1
      const forged = Buffer.concat([bytes.subarray(0, at), Buffer.from('\xa6length', 'latin1'), bytes.subarray(at + 1)])
      expect(() => codec.decode(forged)).toThrow(FrameError)
    }
    expect(tried).toBeGreaterThan(0)
  })

  test('whole frames with a few bytes changed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...bodies),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (frame, changes) => {
          const bytes = Buffer.from(frame)
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          survives(() => readFrame(bytes))
        },
      ),
      { numRuns: 4 * RUNS },
    )
    unpolluted()
  })

  test('frames cut short, glued together or repeated in part', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...frames),
        fc.constantFrom(...frames),
        fc.nat(),
        fc.nat(),
        (left, right, one, other) => {
          survives(() => readFrame(left.subarray(0, one % left.length)))
          survives(() =>
            readFrame(Buffer.concat([left.subarray(0, one % left.length), right.subarray(other % right.length)])),
          )
        },
      ),
      { numRuns: RUNS },
    )
    unpolluted()
  })
})

describe('what a made-up payload cannot do', () => {
  const tree = (...bytes: number[]) => Buffer.from([1, ...bytes])
  const marked = (...bytes: number[]) => Buffer.from([2, ...bytes])
  const name = (text: string) => [0xa0 + text.length, ...Buffer.from(text)]
  const refuses = (bytes: Buffer, code = 'FRAME_CORRUPT') =>
    expect(() => codec.decode(bytes)).toThrow(expect.objectContaining({ name: 'FrameError', code }))

  test('set a prototype: records named __proto__ are refused', () => {
    refuses(tree(0xd4, 0x72, 0x40, 0x91, ...name('__proto__'), 0x81, ...name('polluted'), 0xc3))
    unpolluted()
  })

  test('give a marked object a prototype: __proto__ is a property like any other', () => {
    const value = codec.decode(marked(0x81, MARK.object, 0x92, ...name('__proto__'), 0xc0)) as object
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value)).toEqual(['__proto__'])
  })

  test('use extensions that are not ours, whoever else registered them', () => {
    addExtension({ type: 0x33, unpack: () => 'foreign', Class: class Foreign {}, pack: () => Buffer.alloc(1) })
    for (const type of [0x33, 0x65, 0x69, 0x70, 0x73, 0x74, 0x78, 0x62, 0x01]) {
      refuses(tree(0xd4, type, 0x00))
      refuses(tree(0xc7, 1, type, 0))
    }
    refuses(tree(0xc1))
    refuses(tree(0xca, 0, 0, 0, 0))
  })

  test('claim more than there is', () => {
    for (const token of [0xdd, 0xdf, 0xdb, 0xc6, 0xc9]) refuses(tree(token, 0xff, 0xff, 0xff, 0xff), 'FRAME_TRUNCATED')
    for (const token of [0xdc, 0xde, 0xda, 0xc5, 0xc8]) refuses(tree(token, 0xff, 0xff), 'FRAME_TRUNCATED')
    refuses(tree(0xd4, 0x72, 0x40, 0xdd, 0xff, 0xff, 0xff, 0xff), 'FRAME_TRUNCATED')
    refuses(tree(0x90, 0x01))
    refuses(tree(0x41))
  })

  test('nest a million levels', () => {
    survives(() => codec.decode(tree(...new Array(100_000).fill(0x91))))
    refuses(tree(...new Array(1000).fill(0x91), 0x01), 'FRAME_LIMIT')
    refuses(marked(...new Array(5000).fill(0x91), 0x01), 'FRAME_LIMIT')
  })

  test('hold millions of empty containers', () => {
    const bytes = Buffer.alloc(5_500_006, 0x90)
    bytes.set([1, 0xdd], 0)
    bytes.writeUInt32BE(5_500_000, 2)
    refuses(bytes, 'FRAME_LIMIT')
  })

  test('make the process compile functions without end, or remember shapes without end', () => {
    const parts: number[] = []
    for (let shape = 0; shape < 500; shape++) {
      parts.push(0xd4, 0x72, 0x40, 0x91, ...name(shape.toString(36).padStart(4, 'x')), 1)
      for (let use = 0; use < 20; use++) parts.push(0x40, 1)
    }
    const bytes = Buffer.from([1, 0xdd, 0, 0, 0, 0, ...parts])
    bytes.writeUInt32BE(500 * 21, 2)
    const compilations = countingFunctions(() => expect(codec.decode(bytes)).toHaveLength(500 * 21))
    expect(compilations).toBeGreaterThan(0)
    expect(compilations).toBeLessThanOrEqual(32)
    survives(() => codec.decode(bytes))
    expect(rememberedShapes()).toBeLessThanOrEqual(1024)
  })

  const one = (code: number, ...content: number[]) => [0x81, code, ...content]
  const { definition, reference } = MARK

  test.for<[string, number[]]>([
    ['a mark with two codes', [0x82, 0, 0, 1, 0]],
    ['a mark with none', [0x80]],
    ['an unknown mark', one(50, 0x90)],
    ['a mark named by text', [0x81, ...name('x'), 0x90]],
    ['a mark without its list', one(MARK.map, 1)],
    ['a reference to nothing', one(reference, 3)],
    ['a reference before its definition', [0x92, ...one(reference, 0), ...one(definition, 0x92, 0, 0x90)]],
    ['a definition twice', [0x92, ...one(definition, 0x92, 0, 0x90), ...one(definition, 0x92, 0, 0x90)]],
    ['a definition of a number', one(definition, 0x92, 0, 1)],
    ['a definition without a body', one(definition, 0x91, 0)],
    [
      'an instance that contains itself',
      one(definition, 0x92, 0, ...one(MARK.instance, 0x92, ...name('URL'), ...one(reference, 0))),
    ],
    ['a string of odd bytes', one(MARK.string, 0xc4, 1, 65)],
    ['a property without a value', one(MARK.object, 0x91, ...name('a'))],
    ['a property named by a number', one(MARK.object, 0x92, 1, 1)],
    ['a map key without a value', one(MARK.map, 0x91, 1)],
    ['a pattern that is none', one(MARK.regexp, 0x93, ...name('('), 0xa0, 0)],
    ['a pattern without flags', one(MARK.regexp, 0x91, ...name('a'))],
    ['bytes of an unknown kind', one(MARK.binary, 0x92, 40, 0xc4, 0)],
    ['half an element', one(MARK.binary, 0x92, 11, 0xc4, 1, 0)],
    ['an unknown error', one(MARK.error, 0x91, 30)],
    ['an error cut short', one(MARK.error, 0x93, 0, ...name('a'), 0xc3)],
  ])('hold %s', ([, bytes]) => {
    expect(() => codec.decode(marked(...bytes))).toThrow(expect.objectContaining({ code: 'FRAME_CORRUPT' }))
  })

  test('name a class that is not registered, or one of the language', () => {
    for (const unknown of ['Nobody', 'Object', '__proto__', 'constructor']) {
      refuses(marked(0x81, MARK.instance, 0x92, ...name(unknown), 0x90), 'FRAME_CLASS')
    }
  })
})

/** How many functions were made from text while something ran. */
function countingFunctions(run: () => void): number {
  const original = globalThis.Function
  let count = 0
  globalThis.Function = class extends original {
    constructor(...parts: string[]) {
      super(...parts)
      count++
    }
  } as FunctionConstructor
  try {
    run()
  } finally {
    globalThis.Function = original
  }
  return count
}
