import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import { FrameError, UncacheableValue } from '../errors.ts'
import { MAX_FRAME_BYTES } from '../frame/layout.ts'
import { numberOption } from '../option.ts'
import { type ClassRegistry, NO_CLASSES } from '../value/class-registry.ts'
import { examine } from '../value/examine.ts'
import { VALUE_DEPTH } from '../value/walk.ts'
import { toMarked } from './marks.ts'
import { type Reading, readValue } from './reader.ts'
import { fromMarked } from './unmark.ts'

/** Values to bytes and back. */
export interface Codec {
  /**
   * The bytes of a value. `special` is what `examine` found; without it the value is examined first.
   *
   * @throws UncacheableValue when the value would not come back equal.
   */
  encode(value: unknown, special?: boolean): Uint8Array
  /**
   * The value of bytes.
   *
   * @throws FrameError, and nothing else, when they are damaged, hostile, too large or too deep.
   */
  decode(bytes: Uint8Array): unknown
}

/** What a codec accepts. */
export interface CodecOptions {
  /** Classes whose instances may be stored. Default: none. */
  readonly classes?: ClassRegistry
  /** Levels of nesting allowed, both ways. Default 256, at most 1,000. */
  readonly maxDepth?: number
  /** The largest encoded value, in bytes, both ways. Default 32 MiB, at most 512 MiB. */
  readonly maxBytes?: number
}

/** The largest encoded value unless told otherwise: 32 MiB. */
export const MAX_VALUE_BYTES = 32 * 1024 * 1024

/** Makes a codec: MessagePack with records, written by msgpackr, and marks of our own for what MessagePack loses. */
export function createCodec(options: CodecOptions = {}): Codec {
  const codec = new ValueCodec(options)
  return {
    encode: (value, special) => codec.encode(value, special, 0),
    decode: (bytes) => codec.decode(bufferOf(bytes), 0),
  }
}

/** The same memory as a Buffer. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The first byte of encoded bytes: whether the tree that follows holds marks. Stored for ever: append only. */
const FORM = { tree: 1, marked: 2 } as const

/** A mark is a map holding a list, within a definition that is the same again: this many levels of MessagePack for one of the value. */
const LEVELS_PER_MARK = 5

const USUAL_BUFFER = 8192
const LARGE_BUFFER = 1024 * 1024

/** A codec that leaves room before the bytes it writes, and starts reading anywhere. */
export class ValueCodec {
  readonly maxBytes: number
  private readonly registry: ClassRegistry
  private readonly maxDepth: number
  // One for all values: making one takes a millisecond. `useToJSON` would let data named toJSON be called.
  private readonly packr = new Packr({ useRecords: true, moreTypes: true, structuredClone: false, useToJSON: false })

  constructor(options: CodecOptions) {
    this.registry = options.classes ?? NO_CLASSES
    this.maxDepth = numberOption('maxDepth', options.maxDepth, VALUE_DEPTH, { from: 1, to: 1000 })
    this.maxBytes = numberOption('maxBytes', options.maxBytes, MAX_VALUE_BYTES, { from: 1, to: MAX_FRAME_BYTES })
  }

  /** Encodes after `room` free bytes. @throws UncacheableValue */
  encode(value: unknown, special: boolean | undefined, room: number): Buffer {
    const marked = special ?? this.needsMarks(value)
    const bytes = this.packed(value, marked, room)
    bytes[room] = marked ? FORM.marked : FORM.tree
    // msgpackr would keep a large buffer for all values to come.
    if (bytes.length > LARGE_BUFFER) this.packr.useBuffer(Buffer.allocUnsafeSlow(USUAL_BUFFER))
    if (bytes.length - room > this.maxBytes) {
      throw new UncacheableValue('', `${bytes.length - room} bytes long, more than the ${this.maxBytes} allowed,`)
    }
    return bytes
  }

  /** Decodes what stands from `start` to the end. @throws FrameError */
  decode(bytes: Buffer, start: number): unknown {
    return this.read(bytes, start, false).value
  }

  /** Decodes what stands from `start` to the end, freezing and measuring it on the way. @throws FrameError */
  read(bytes: Buffer, start: number, freeze: boolean): Reading {
    const size = bytes.length - start
    if (size > this.maxBytes) {
      throw new FrameError('FRAME_LIMIT', `The payload has ${size} bytes, more than the ${this.maxBytes} allowed.`)
    }
    switch (bytes[start]) {
      case FORM.tree:
        return readValue(bytes, { start: start + 1, maxDepth: this.maxDepth, freeze })
      case FORM.marked:
        return this.unmarked(
          readValue(bytes, { start: start + 1, maxDepth: this.maxDepth * LEVELS_PER_MARK, freeze: false }),
          freeze,
        )
      case undefined:
        throw new FrameError('FRAME_TRUNCATED', 'The payload is empty.')
    }
    throw new FrameError('FRAME_CORRUPT', `The payload has the unknown form ${bytes[start]}.`)
  }

  private unmarked(tree: Reading, freeze: boolean): Reading {
    const value = fromMarked(tree.value, this.registry)
    const found = examine(value, { registry: this.registry, freeze, maxDepth: this.maxDepth, decoded: true })
    if (!found.ok) throw new FrameError('FRAME_LIMIT', `The payload holds ${found.reason}, at ${found.path}.`)
    return { value, bytes: found.bytes, shareable: found.shareable }
  }

  private packed(value: unknown, marked: boolean, room: number): Buffer {
    try {
      return this.packr.pack(marked ? toMarked(value, this.registry) : value, RESERVE_START_SPACE | (room + 1))
    } catch (cause) {
      throw cause instanceof UncacheableValue ? cause : new UncacheableValue('', 'impossible to encode', cause)
    }
  }

  private needsMarks(value: unknown): boolean {
    const found = examine(value, { registry: this.registry, freeze: false, maxDepth: this.maxDepth })
    if (!found.ok) throw new UncacheableValue(found.path, found.reason)
    return found.special
  }
}
