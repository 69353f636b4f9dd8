import { compressSync, uncompressSync } from 'lz4-napi'
import type { ClassRegistry } from './class-registry.ts'
import { createCodec, MAX_VALUE_BYTES } from './codec.ts'
import { FrameError } from './errors.ts'
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
  /** `false` never compresses. */
  readonly compression?: CompressionOptions | false
  /** Needed for sealing and for reading what was sealed. */
  readonly sealer?: Sealer
  /** Limits on the encoded value, both ways. Defaults: 64 MiB, 256 levels. */
  readonly limits?: { readonly maxBytes?: number; readonly maxDepth?: number }
}

/** Values to payload bytes and back. */
export interface Payloads {
  /**
   * The payload of a value, bound to `associated` when it is sealed.
   *
   * @throws UncacheableValue when the value would not come back equal.
   */
  pack(
    value: unknown,
    associated: Uint8Array,
    options?: { readonly seal?: boolean; readonly special?: boolean },
  ): Uint8Array
  /**
   * The value of a payload. With `sealed: true` an unsealed payload is refused.
   *
   * @throws FrameError, and nothing else.
   */
  unpack(bytes: Uint8Array, associated: Uint8Array, options?: { readonly sealed?: boolean }): unknown
}

const SIZE_BYTES = 4
const DEFAULT_THRESHOLD = 16 * 1024
const DEFAULT_SAVING = 0.1

/** Makes the pipeline of a cache's values: codec, then LZ4 where it pays, then the seal where it is asked for. */
export function createPayloads(options: PayloadOptions = {}): Payloads {
  const maxBytes = options.limits?.maxBytes ?? MAX_VALUE_BYTES
  const codec = createCodec({
    maxBytes,
    ...(options.classes === undefined ? {} : { classes: options.classes }),
    ...(options.limits?.maxDepth === undefined ? {} : { maxDepth: options.limits.maxDepth }),
  })
  const { sealer, compression = {} } = options
  const threshold = compression === false ? Number.POSITIVE_INFINITY : (compression.threshold ?? DEFAULT_THRESHOLD)
  const keep = 1 - (compression === false ? 0 : (compression.minSaving ?? DEFAULT_SAVING))

  return {
    pack(value, associated, how = {}) {
      let bytes = codec.encode(value, how.special)
      let form: number = PAYLOAD.version
      if (bytes.length >= threshold) {
        const smaller = compressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
        if (smaller.length + SIZE_BYTES <= bytes.length * keep) {
          form |= PAYLOAD.compressed
          bytes = sized(bytes.length, smaller)
        }
      }
      if (how.seal === true) {
        if (sealer === undefined)
          throw new TypeError('A payload cannot be sealed without a sealer: pass createPayloads({ sealer }).')
        form |= PAYLOAD.sealed
        bytes = sealer.seal(bytes, bind(form, associated))
      }
      return prefixed(form, bytes)
    },
    unpack(bytes, associated, how = {}) {
      const form = checkedForm(bytes[0])
      const sealed = (form & PAYLOAD.sealed) !== 0
      if (how.sealed === true && !sealed) throw new FrameError('FRAME_SEAL', 'The payload is not sealed, and must be.')
      let body = bytes.subarray(1)
      if (sealed) {
        if (sealer === undefined)
          throw new FrameError('FRAME_KEY', 'The payload is sealed, and no keys are configured.')
        body = sealer.open(body, bind(form, associated))
      }
      return codec.decode((form & PAYLOAD.compressed) === 0 ? body : inflated(body, maxBytes))
    },
  }
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

/** The form byte decides how the sealed bytes are read afterwards, so it is authenticated with them. */
function bind(form: number, associated: Uint8Array): Uint8Array {
  return prefixed(form, associated)
}

function prefixed(form: number, bytes: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(1 + bytes.length)
  whole[0] = form
  whole.set(bytes, 1)
  return whole
}

function sized(size: number, compressed: Uint8Array): Uint8Array {
  const whole = Buffer.allocUnsafe(SIZE_BYTES + compressed.length)
  whole.writeUInt32BE(size)
  whole.set(compressed, SIZE_BYTES)
  return whole
}

/**
 * Decompresses, after checking every size there is: the decompressor allocates what its own prefix says, before it looks
 * at the data, so a few bytes could claim gigabytes.
 */
function inflated(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < 2 * SIZE_BYTES)
    throw new FrameError('FRAME_TRUNCATED', 'The compressed payload is shorter than its sizes.')
  const size = buffer.readUInt32BE(0)
  if (size > maxBytes)
    throw new FrameError('FRAME_LIMIT', `The payload would have ${size} bytes, more than the ${maxBytes} allowed.`)
  if (buffer.readUInt32LE(SIZE_BYTES) !== size)
    throw new FrameError('FRAME_CORRUPT', 'The compressed payload contradicts itself about its size.')
  // LZ4 stores at best 255 bytes in one (a run length byte of a match), so a larger claim is a lie.
  if (size > (buffer.length - 2 * SIZE_BYTES) * 255)
    throw new FrameError('FRAME_CORRUPT', 'The compressed payload claims more than LZ4 can hold.')
  try {
    return uncompressSync(buffer.subarray(SIZE_BYTES))
  } catch (cause) {
    throw new FrameError('FRAME_CORRUPT', 'The compressed payload is not readable.', { cause })
  }
}
