/**
 * Reads MessagePack as msgpackr writes it (records, timestamps, large integers), and nothing more: every length, depth
 * and extension is checked while reading, so hostile bytes end in a `FrameError`.
 *
 * msgpackr's own reader is not used because its extensions are shared by the whole process, it compiles a function for
 * every record definition it meets a few times, it makes the names of a lone record anew each time, and it cannot freeze
 * and measure what it makes. MessagePack specification: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { FrameError } from '../errors.ts'
import { MAX_OBJECTS } from '../value/walk.ts'
import { bigIntWeight, stringWeight, WEIGHT } from '../value/weight.ts'
import { isAscii } from './ascii.ts'
import { extensionValue } from './extension.ts'
import { decodeNames, namesAt } from './names.ts'
import { beginShapes, guessedShape, type Shape, shapeOf } from './shape.ts'
import { beginStretch, cut, endStretch, LONG, reach, stretch, stretchBase } from './stretch.ts'

/** Arrays, maps and records one payload may hold, marks included: an empty one takes a byte here and dozens in memory. */
const MAX_CONTAINERS = 5 * MAX_OBJECTS

// The reader's state: reading is synchronous and calls nobody else's code.
const NOTHING = Buffer.alloc(0)
let source: Buffer = NOTHING
let position = 0
/** Levels and containers that are left. */
let depth = 0
let containers = 0
/** Whether to freeze arrays and records, what was made so far weighs, and whether some of it cannot be frozen. */
let freezing = false
let weight = 0
let guarded = false
/** Record definitions by number, and one more than the highest number in use. */
const records: (Shape | undefined)[] = new Array(64).fill(undefined)
let defined = 0

/** A value and what `examine` would say of it. */
export interface Reading {
  readonly value: unknown
  /** An estimate of the heap it occupies, in bytes. */
  readonly bytes: number
  /** Whether all readers may be handed the same reference: it was frozen, or could be, throughout. */
  readonly shareable: boolean
}

/** Where to read, how deep, and whether to freeze what is read. */
export interface ReadOptions {
  readonly start: number
  readonly maxDepth: number
  readonly freeze: boolean
}

/** Reads the one value that fills `bytes` from `start` to the end. @throws FrameError, and nothing else. */
export function readValue(bytes: Buffer, options: ReadOptions): Reading {
  source = bytes
  position = options.start
  beginStretch(options.start)
  depth = options.maxDepth
  freezing = options.freeze
  containers = MAX_CONTAINERS
  weight = 0
  guarded = false
  beginShapes()
  try {
    const value = read()
    if (position !== bytes.length) throw corrupt(`${bytes.length - position} bytes too many`)
    return { value, bytes: weight, shareable: !guarded }
  } catch (cause) {
    if (cause instanceof FrameError) throw cause
    throw new FrameError('FRAME_CORRUPT', 'The payload is not readable.', { cause })
  } finally {
    source = NOTHING
    endStretch()
    while (defined > 0) records[--defined] = undefined
  }
}

function corrupt(what: string): FrameError {
  return new FrameError('FRAME_CORRUPT', `The payload holds ${what}.`)
}

function truncated(): FrameError {
  return new FrameError('FRAME_TRUNCATED', 'The payload ends in the middle of a value.')
}

function read(): unknown {
  const token = source[position++] as number
  if (token < 0x40) {
    weight += WEIGHT.number
    return token
  }
  if (token < 0x80) return record(records[token & 0x3f])
  if (token < 0x90) return map(token & 0x0f)
  if (token < 0xa0) return array(token & 0x0f)
  if (token < 0xc0) return string(token & 0x1f)
  return token >= 0xcb && (token <= 0xd3 || token >= 0xe0) ? number(token) : marked(token)
}

function marked(token: number): unknown {
  switch (token) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xd9:
      return string(uint8())
    case 0xda:
      return string(uint16())
    case 0xdb:
      return string(uint32())
    case 0xdc:
      return array(uint16())
    case 0xdd:
      return array(uint32())
    case 0xde:
      return map(uint16())
    case 0xdf:
      return map(uint32())
    case 0xd4:
      return source[position] === RECORD ? definition() : extension(1)
  }
  if (token === undefined) throw truncated()
  return lump(token)
}

function number(token: number): number | bigint {
  weight += WEIGHT.number
  switch (token) {
    case 0xcb:
      return source.readDoubleBE(advance(8))
    case 0xcc:
      return uint8()
    case 0xcd:
      return uint16()
    case 0xce:
      return uint32()
    case 0xcf:
      weight += WEIGHT.bigInteger - WEIGHT.number
      return source.readBigUInt64BE(advance(8))
    case 0xd0:
      return source.readInt8(advance(1))
    case 0xd1:
      return source.readInt16BE(advance(2))
    case 0xd2:
      return source.readInt32BE(advance(4))
    case 0xd3:
      weight += WEIGHT.bigInteger - WEIGHT.number
      return source.readBigInt64BE(advance(8))
  }
  return token - 0x100
}

/** Bytes and extensions. */
function lump(token: number): unknown {
  switch (token) {
    case 0xc4:
      return binary(uint8())
    case 0xc5:
      return binary(uint16())
    case 0xc6:
      return binary(uint32())
    case 0xc7:
      return extension(uint8())
    case 0xc8:
      return extension(uint16())
    case 0xc9:
      return extension(uint32())
    case 0xd5:
      return extension(2)
    case 0xd6:
      return extension(4)
    case 0xd7:
      return extension(8)
    case 0xd8:
      return extension(16)
  }
  throw corrupt(`the unknown token ${token}`)
}

/** Takes the next `length` bytes; where they begin. */
function advance(length: number): number {
  const start = position
  position = start + length
  if (position > source.length) throw truncated()
  return start
}

function uint8(): number {
  return source[advance(1)] as number
}

function uint16(): number {
  const start = advance(2)
  return ((source[start] as number) << 8) | (source[start + 1] as number)
}

function uint32(): number {
  return source.readUInt32BE(advance(4))
}

function string(length: number): string {
  const start = advance(length)
  if (isAscii(source, start, position)) {
    weight += WEIGHT.string + length
    return cut(source, start, position)
  }
  const decoded = source.toString('utf8', start, position)
  weight += stringWeight(decoded)
  return decoded
}

function binary(length: number): Buffer {
  const start = advance(length)
  guarded = true
  weight += WEIGHT.binary + length
  return Buffer.from(source.subarray(start, position))
}

function descend(): void {
  if (depth-- === 0) throw new FrameError('FRAME_LIMIT', 'The payload is nested too deeply.')
  if (containers-- === 0) {
    throw new FrameError('FRAME_LIMIT', `The payload holds more than ${MAX_CONTAINERS} containers.`)
  }
}

// Containers grow as their items are read, never by the count they claim, so a lie about it ends where the bytes do.
function array(length: number): unknown[] {
  descend()
  const items: unknown[] = []
  for (let index = 0; index < length; index++) items.push(read())
  depth++
  weight += WEIGHT.array + WEIGHT.slot * length
  return freezing ? (Object.freeze(items) as unknown[]) : items
}

function map(size: number): Map<unknown, unknown> {
  descend()
  const entries = new Map<unknown, unknown>()
  for (let index = 0; index < size; index++) entries.set(read(), read())
  depth++
  guarded = true
  weight += WEIGHT.map + WEIGHT.mapEntry * size
  return entries
}

function record(shape: Shape | undefined): object {
  if (shape === undefined) throw corrupt('a record that was never defined')
  descend()
  const value = shape.build(read)
  depth++
  weight += WEIGHT.object + WEIGHT.slot * shape.keys.length
  return freezing ? Object.freeze(value) : value
}

/** A record definition: `d4 72`, an id from 40 to 7f, the array of names, then the first record. */
function definition(): object {
  position++
  const id = uint8()
  if (id < 0x40 || id > 0x7f) throw corrupt('a record definition with a bad number')
  const shape = names()
  records[id & 0x3f] = shape
  if (defined <= (id & 0x3f)) defined = (id & 0x3f) + 1
  return record(shape)
}

function names(): Shape {
  const start = position
  reach(source, start, Math.min(source.length, start + LONG))
  const guess = guessedShape(source, stretch, start, stretchBase)
  if (guess !== undefined) {
    position = start + guess.bytes.length
    return guess
  }
  const found = namesAt(source, start)
  position = found.end
  return shapeOf({ bytes: cut(source, start, position), source, start, keys: () => decodeNames(source, found) })
}

const RECORD = 0x72

function extension(length: number): unknown {
  const type = uint8()
  const value = extensionValue(source, type, advance(length), length)
  if (typeof value === 'bigint') weight += bigIntWeight(value)
  else if (value !== undefined) {
    guarded = true
    weight += WEIGHT.date
  }
  return value
}
