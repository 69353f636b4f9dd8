import { compress, compressSync, uncompress, uncompressSync } from 'lz4-napi'
import { bufferOf, type CodecOptions, ValueCodec } from '../codec/codec.ts'
import type { Reading } from '../codec/reader.ts'
import { FrameError } from '../errors.ts'
import { numberOption } from '../option.ts'
import type { ClassRegistry } from '../value/class-registry.ts'
import type { Sealer } from './seal.ts'

/** The first byte of a payload: its layout's version in the low half, and how the rest was made. */
export const PAYLOAD = { version: 1, compressed: 0x10, sealed: 0x20 } as const

/** When compression is tried and when its result is kept. */
export interface CompressionOptions {
  /** Encoded bytes from which LZ4 is tried. Default 16 KiB. */
  readonly threshold?: number
  /** The share of bytes it must save to be kept, 0 to 1. Default 0.1. */
  readonly minSaving?: number
}

/** How payloads are made. */
export interface PayloadOptions {
  /** Classes whose instances may be stored. Default: none. */
  readonly classes?: ClassRegistry
  /** `false` never compresses; what was compressed is read all the same. */
  readonly compression?: CompressionOptions | false
  /** Needed for sealing and for reading what was sealed. */
  readonly sealer?: Sealer
  /** Limits on the encoded value, both ways. Defaults: 32 MiB, 256 levels. */
  readonly limits?: { readonly maxBytes?: number; readonly maxDepth?: number }
}

/** What is known about a value that is packed. */
export interface PackOptions {
  /** Encrypt and authenticate. Default false. */
  readonly seal?: boolean
  /** What `examine` found; without it the value is examined again. */
  readonly special?: boolean
}

/** What is demanded of a payload that is unpacked. */
export interface UnpackOptions {
  /**
   * Refuse payloads that are not sealed. Set it wherever payloads are sealed: otherwise whoever can write to Redis can put
   * an unsealed one in the place of a sealed one. Default false.
   */
  readonly sealed?: boolean
}

/** How a payload is unpacked that will be kept. */
export interface AdoptOptions extends UnpackOptions {
  /** Where the payload begins in the bytes, which it fills to their end. Default 0. */
  readonly start?: number
  /** Whether to freeze plain objects and arrays, deeply. */
  readonly freeze: boolean
}

/** What a sealed payload is bound to; a function is only called when there is a seal. */
export type Associated = Uint8Array | (() => Uint8Array)

/** Values to payload bytes and back. */
export interface Payloads {
  /**
   * The payload of a value; when it is sealed, bound to `associated`, which must be presented again to unpack it.
   *
   * @throws UncacheableValue when the value would not come back equal, or is too large.
   */
  pack(value: unknown, associated: Associated, options?: PackOptions): Uint8Array
  /** The same, compressing values of 256 KiB and more on another thread. */
  packAsync(value: unknown, associated: Associated, options?: PackOptions): Promise<Uint8Array>
  /**
   * The value of a payload.
   *
   * @throws FrameError, and nothing else.
   */
  unpack(bytes: Uint8Array, associated: Associated, options?: UnpackOptions): unknown
  /**
   * The value of a payload that will be kept and served again: frozen on the way, if `freeze`, and measured. It is what
   * `unpack` and `examine` give together, in half the time.
   *
   * @throws FrameError, and nothing else.
   */
  adopt(bytes: Uint8Array, associated: Associated, options: AdoptOptions): Reading
  /** Like `unpack`, decompressing values of 256 KiB and more on another thread. */
  unpackAsync(bytes: Uint8Array, associated: Associated, options?: UnpackOptions): Promise<unknown>
}

const SIZE_BYTES = 4
const DEFAULT_THRESHOLD = 16 * 1024
const DEFAULT_SAVING = 0.1
const ELSEWHERE_BYTES = 256 * 1024

/** Makes the pipeline of a cache's values: codec, then LZ4 where it pays, then the seal where it is asked for. */
export function createPayloads(options: PayloadOptions = {}): Payloads {
  const pipeline = new Pipeline(options)
  return {
    pack: (value, associated, how) => pipeline.pack(value, associated, how ?? {}),
    packAsync: (value, associated, how) => pipeline.packAsync(value, associated, how ?? {}),
    unpack: (bytes, associated, how) => pipeline.unpack(bytes, associated, how ?? {}),
    adopt: (bytes, associated, how) => pipeline.adopt(bytes, associated, how),
    unpackAsync: (bytes, associated, how) => pipeline.unpackAsync(bytes, associated, how ?? {}),
  }
}

/** A payload on its way: bytes whose first one is reserved for the form. */
interface Draft {
  readonly bytes: Buffer
  readonly form: number
}

class Pipeline {
  private readonly codec: ValueCodec
  private readonly sealer: Sealer | undefined
  private readonly threshold: number
  private readonly keptShare: number

  constructor(options: PayloadOptions) {
    const limits: CodecOptions = options.limits ?? {}
    this.codec = new ValueCodec(options.classes === undefined ? limits : { ...limits, classes: options.classes })
    this.sealer = options.sealer
    const { compression = {} } = options
    this.threshold =
      compression === false
        ? Number.POSITIVE_INFINITY
        : numberOption('compression.threshold', compression.threshold, DEFAULT_THRESHOLD, {
            from: 0,
            to: Number.POSITIVE_INFINITY,
          })
    this.keptShare =
      1 -
      (compression === false
        ? 0
        : numberOption('compression.minSaving', compression.minSaving, DEFAULT_SAVING, { from: 0, to: 1 }))
  }

  pack(value: unknown, associated: Associated, how: PackOptions): Buffer {
    const encoded = this.codec.encode(value, how.special, 1)
    const draft =
      encoded.length > this.threshold ? this.smaller(encoded, compressSync(encoded.subarray(1))) : plain(encoded)
    return this.finish(draft, associated, how)
  }

  async packAsync(value: unknown, associated: Associated, how: PackOptions): Promise<Buffer> {
    const encoded = this.codec.encode(value, how.special, 1)
    if (encoded.length <= this.threshold) return this.finish(plain(encoded), associated, how)
    const body = encoded.subarray(1)
    const compressed = body.length < ELSEWHERE_BYTES ? compressSync(body) : await compress(body)
    return this.finish(this.smaller(encoded, compressed), associated, how)
  }

  unpack(bytes: Uint8Array, associated: Associated, how: UnpackOptions): unknown {
    return this.adopt(bytes, associated, { ...how, freeze: false }).value
  }

  adopt(bytes: Uint8Array, associated: Associated, how: AdoptOptions): Reading {
    const { start = 0 } = how
    if (((bytes[start] ?? 0) & (PAYLOAD.compressed | PAYLOAD.sealed)) === 0 && how.sealed !== true) {
      checkedForm(bytes[start])
      return this.codec.read(bufferOf(bytes), start + 1, how.freeze)
    }
    const { form, bytes: body } = this.opened(bufferOf(bytes).subarray(start), associated, how)
    if ((form & PAYLOAD.compressed) === 0) return this.codec.read(body, 1, how.freeze)
    const size = checkedSize(body, this.codec.maxBytes)
    return this.codec.read(inflated(body, size), 0, how.freeze)
  }

  async unpackAsync(bytes: Uint8Array, associated: Associated, how: UnpackOptions): Promise<unknown> {
    const { form, bytes: body } = this.opened(bufferOf(bytes), associated, how)
    if ((form & PAYLOAD.compressed) === 0) return this.codec.decode(body, 1)
    const size = checkedSize(body, this.codec.maxBytes)
    return this.codec.decode(size < ELSEWHERE_BYTES ? inflated(body, size) : await inflatedElsewhere(body, size), 0)
  }

  /** Keeps the compressed bytes if they save enough. */
  private smaller(encoded: Buffer, compressed: Uint8Array): Draft {
    const size = encoded.length - 1
    if (compressed.length + SIZE_BYTES > size * this.keptShare) return plain(encoded)
    const bytes = Buffer.allocUnsafe(1 + SIZE_BYTES + compressed.length)
    bytes.writeUInt32BE(size, 1)
    bytes.set(compressed, 1 + SIZE_BYTES)
    return { bytes, form: PAYLOAD.version | PAYLOAD.compressed }
  }

  private finish({ bytes, form }: Draft, associated: Associated, how: PackOptions): Buffer {
    if (how.seal !== true) {
      bytes[0] = form
      return bytes
    }
    if (this.sealer === undefined)
      throw new TypeError('A payload cannot be sealed without a sealer: pass createPayloads({ sealer }).')
    const sealedForm = form | PAYLOAD.sealed
    return prefixed(sealedForm, this.sealer.seal(bytes.subarray(1), bound(sealedForm, associated)))
  }

  private opened(bytes: Buffer, associated: Associated, how: UnpackOptions): Draft {
    const form = checkedForm(bytes[0])
    if ((form & PAYLOAD.sealed) === 0) {
      if (how.sealed === true) throw new FrameError('FRAME_SEAL', 'The payload is not sealed, and must be.')
      return { bytes, form }
    }
    if (this.sealer === undefined)
      throw new FrameError('FRAME_KEY', 'The payload is sealed, and no keys are configured.')
    const opened = this.sealer.open(bytes.subarray(1), bound(form, associated))
    return { bytes: prefixed(form, opened), form }
  }
}

function plain(bytes: Buffer): Draft {
  return { bytes, form: PAYLOAD.version }
}

/** What is authenticated: the caller's part, and the form, which decides how the sealed bytes are read afterwards. */
function bound(form: number, associated: Associated): Buffer {
  return prefixed(form, typeof associated === 'function' ? associated() : associated)
}

function prefixed(form: number, bytes: Uint8Array): Buffer {
  const whole = Buffer.allocUnsafe(1 + bytes.length)
  whole[0] = form
  whole.set(bytes, 1)
  return whole
}

function checkedForm(form: number | undefined): number {
  if (form === undefined) throw new FrameError('FRAME_TRUNCATED', 'The payload is empty.')
  const version = form & 0x0f
  if (version !== PAYLOAD.version) {
    throw new FrameError(
      'FRAME_VERSION',
      `The payload has version ${version}; this library reads ${PAYLOAD.version}.`,
      { newer: version > PAYLOAD.version },
    )
  }
  if ((form & ~(0x0f | PAYLOAD.compressed | PAYLOAD.sealed)) !== 0)
    throw new FrameError('FRAME_CORRUPT', 'The payload has unknown flags.')
  return form
}

/**
 * The true size of a compressed body, after comparing every size there is: the decompressor allocates what its own prefix
 * says before it looks at the data, so a few bytes could claim gigabytes.
 */
function checkedSize(body: Buffer, maxBytes: number): number {
  const data = body.length - 1 - 2 * SIZE_BYTES
  if (data < 1) throw new FrameError('FRAME_TRUNCATED', 'The compressed payload is shorter than its sizes.')
  const size = body.readUInt32BE(1)
  if (size > maxBytes)
    throw new FrameError('FRAME_LIMIT', `The payload would have ${size} bytes, more than the ${maxBytes} allowed.`)
  if (body.readUInt32LE(1 + SIZE_BYTES) !== size) throw contradiction()
  // A byte of LZ4 stands for 255 bytes at most (the length of a match), so a larger claim is a lie.
  if (size > data * 255) throw new FrameError('FRAME_CORRUPT', 'The compressed payload claims more than LZ4 can hold.')
  return size
}

function inflated(body: Buffer, size: number): Buffer {
  try {
    return checkedLength(uncompressSync(body.subarray(1 + SIZE_BYTES)), size)
  } catch (cause) {
    throw unreadable(cause)
  }
}

async function inflatedElsewhere(body: Buffer, size: number): Promise<Buffer> {
  try {
    return checkedLength(await uncompress(body.subarray(1 + SIZE_BYTES)), size)
  } catch (cause) {
    throw unreadable(cause)
  }
}

function checkedLength(bytes: Buffer, size: number): Buffer {
  if (bytes.length !== size) throw contradiction()
  return bytes
}

function contradiction(): FrameError {
  return new FrameError('FRAME_CORRUPT', 'The compressed payload contradicts itself about its size.')
}

function unreadable(cause: unknown): FrameError {
  return cause instanceof FrameError
    ? cause
    : new FrameError('FRAME_CORRUPT', 'The compressed payload is not readable.', { cause })
}
