/**
 * Reads MessagePack as msgpackr writes it (records, timestamps, large integers), and nothing more: every length, count,
 * depth and extension is checked while reading, so hostile bytes end in a `FrameError`.
 *
 * msgpackr's own reader is not used because its extensions are shared by the whole process, it compiles a function for
 * every record definition it meets a few times, and it takes ten times as long for a value of one small record.
 * MessagePack specification: https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { FrameError } from '../errors.ts'
import { extensionValue } from './extension.ts'
import { beginShapes, guessedShape, type Shape, shapeOf } from './shape.ts'

/** Arrays, maps and records one payload may hold: an empty one takes a byte here and dozens in memory. */
const MAX_CONTAINERS = 4_000_000

// The reader's state: reading is synchronous and calls nobody else's code.
const NOTHING = Buffer.alloc(0)
let source: Buffer = NOTHING
/** The same bytes as one Latin-1 string: cutting ASCII out of it is several times cheaper than decoding each string. */
let text = ''
let position = 0
/** Levels and containers that are left. */
let depth = 0
let containers = 0
/** Record definitions by number, and one more than the highest number in use. */
const records: (Shape | undefined)[] = new Array(64).fill(undefined)
let defined = 0

/** Reads the one value that fills `bytes` from `start` to the end. @throws FrameError, and nothing else. */
export function readValue(bytes: Buffer, start: number, maxDepth: number): unknown {
  source = bytes
  text = bytes.toString('latin1')
  position = start
  depth = maxDepth
  containers = MAX_CONTAINERS
  beginShapes()
  try {
    const value = read()
    if (position !== bytes.length) throw corrupt(`${bytes.length - position} bytes too many`)
    return value
  } catch (cause) {
    throw cause instanceof FrameError
      ? cause
      : new FrameError('FRAME_CORRUPT', 'The payload is not readable.', { cause })
  } finally {
    source = NOTHING
    text = ''
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
  if (token < 0x40) return token
  if (token < 0x80) return record(records[token & 0x3f])
  if (token < 0x90) return map(token & 0x0f)
  if (token < 0xa0) return array(token & 0x0f)
  if (token < 0xc0) return string(token & 0x1f)
  if (token >= 0xe0) return token - 0x100
  return marked(token)
}

function marked(token: number): unknown {
  switch (token) {
    case 0xc0:
      return null
    case 0xc2:
      return false
    case 0xc3:
      return true
    case 0xcb:
      return float64()
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
  return token >= 0xcc && token <= 0xd3 ? integer(token) : lump(token)
}

function integer(token: number): number | bigint {
  switch (token) {
    case 0xcc:
      return uint8()
    case 0xcd:
      return uint16()
    case 0xce:
      return uint32()
    case 0xcf:
      return source.readBigUInt64BE(advance(8))
    case 0xd0:
      return source.readInt8(advance(1))
    case 0xd1:
      return source.readInt16BE(advance(2))
    case 0xd2:
      return source.readInt32BE(advance(4))
  }
  return source.readBigInt64BE(advance(8))
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

function float64(): number {
  return source.readDoubleBE(advance(8))
}

function string(length: number): string {
  const start = advance(length)
  for (let at = start; at < position; at++) {
    if ((source[at] as number) > 0x7f) return source.toString('utf8', start, position)
  }
  return text.slice(start, position)
}

function binary(length: number): Buffer {
  const start = advance(length)
  return Buffer.from(source.subarray(start, position))
}

function descend(count: number): void {
  // Each item takes at least a byte, so a count beyond what is left is a lie, refused before anything is allocated for it.
  if (count > source.length - position) throw truncated()
  if (depth-- === 0) throw new FrameError('FRAME_LIMIT', 'The payload is nested too deeply.')
  if (containers-- === 0)
    throw new FrameError('FRAME_LIMIT', `The payload holds more than ${MAX_CONTAINERS} containers.`)
}

function array(length: number): unknown[] {
  descend(length)
  const items: unknown[] = []
  for (let index = 0; index < length; index++) items.push(read())
  depth++
  return items
}

function map(size: number): Map<unknown, unknown> {
  descend(2 * size)
  const entries = new Map<unknown, unknown>()
  for (let index = 0; index < size; index++) entries.set(read(), read())
  depth++
  return entries
}

function record(shape: Shape | undefined): object {
  if (shape === undefined) throw corrupt('a record that was never defined')
  descend(shape.keys.length)
  const value = shape.build(read)
  depth++
  return value
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
  const guess = guessedShape(source, start)
  if (guess !== undefined) {
    position = start + guess.bytes.length
    return guess
  }
  const count = nameCount()
  const first = position
  skipNames(count)
  return shapeOf(text.slice(start, position), source, start, () => namesFrom(first, count))
}

function nameCount(): number {
  const token = uint8()
  const count = (token & 0xf0) === 0x90 ? token & 0x0f : token === 0xdc ? uint16() : token === 0xdd ? uint32() : -1
  if (count < 0) throw corrupt('a record definition without names')
  if (count > source.length - position) throw truncated()
  return count
}

function nameLength(): number {
  const token = uint8()
  if (token >= 0xa0 && token < 0xc0) return token & 0x1f
  if (token === 0xd9) return uint8()
  if (token === 0xda) return uint16()
  if (token === 0xdb) return uint32()
  throw corrupt('a property name that is not a string')
}

function skipNames(count: number): void {
  for (let index = 0; index < count; index++) advance(nameLength())
}

function namesFrom(start: number, count: number): string[] {
  const end = position
  position = start
  const names: string[] = []
  for (let index = 0; index < count; index++) {
    const name = string(nameLength())
    if (name === '__proto__') throw corrupt('a property named __proto__ in a record')
    names.push(name)
  }
  position = end
  return names
}

const RECORD = 0x72

function extension(length: number): unknown {
  const type = uint8()
  return extensionValue(source, type, advance(length), length)
}
