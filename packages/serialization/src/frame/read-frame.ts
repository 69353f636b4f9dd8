import { FrameError } from '../errors.ts'
import { FRAME, type FrameView, MAX_FRAME_BYTES, MAX_TAGS, NEGATIVE_BIT, TOKEN_BYTES } from './layout.ts'
import { viewOf } from './memory-view.ts'

/**
 * Reads a frame. The payload is not opened.
 *
 * @throws FrameError, and nothing else; with `newer: true` when a later version of the library wrote it.
 */
export function decodeFrame(bytes: Uint8Array): ReadFrame {
  return new ReadFrame(Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}

/** A frame over its bytes: what is not asked for costs nothing, because every read of Redis makes one. */
export class ReadFrame implements FrameView {
  readonly placeholder: boolean
  readonly waiter: boolean
  readonly sealed: boolean
  readonly negative: boolean
  readonly tags: readonly string[]
  readonly bytes: Buffer
  /** Where the payload begins. */
  readonly payloadAt: number
  readonly #view: DataView

  /** Made by `decodeFrame`. */
  constructor(bytes: Buffer) {
    const flags = checkedFlags(bytes)
    this.bytes = bytes
    this.#view = viewOf(bytes)
    this.placeholder = (flags & FRAME.flags.placeholder) !== 0
    this.waiter = (flags & FRAME.flags.waiter) !== 0
    this.sealed = (flags & FRAME.flags.sealed) !== 0
    const counted = this.placeholder ? 0 : tagField(bytes, flags)
    this.negative = (counted & NEGATIVE_BIT) !== 0
    this.payloadAt = this.placeholder ? bytes.length : FRAME.tags + (counted & MAX_TAGS) * FRAME.tagBytes
    this.tags = counted & MAX_TAGS ? tagsOf(bytes, this.payloadAt) : NO_TAGS
    if (!this.placeholder) for (const at of TIMES) this.#checkTime(at)
  }

  /** When the lease of a placeholder ends. Milliseconds of the server's clock. */
  get leaseDeadline(): number {
    return this.#double(FRAME.deadline)
  }

  get reading(): number {
    return this.#time(FRAME.reading)
  }

  /** When the value was loaded. Milliseconds of the server's clock. */
  get created(): number {
    return this.#time(FRAME.created)
  }

  /** Until when it is fresh. Milliseconds of the server's clock. */
  get freshUntil(): number {
    return this.#time(FRAME.freshUntil)
  }

  /** From when on it is not served at all. Milliseconds of the server's clock. */
  get hardExpiry(): number {
    return this.#time(FRAME.hardExpiry)
  }

  get loadTime(): number {
    return this.#time(FRAME.loadTime)
  }

  /** Whether somebody's token stands in the lease, run out or not. */
  get leased(): boolean {
    return this.bytes.readUInt32BE(FRAME.token) !== 0 || this.bytes.readUInt32BE(FRAME.token + 4) !== 0
  }

  get token(): Uint8Array {
    return this.#part(FRAME.token, FRAME.token + TOKEN_BYTES)
  }

  get version(): Uint8Array {
    return this.#part(FRAME.versionAt, FRAME.versionAt + TOKEN_BYTES)
  }

  get life(): Uint8Array {
    return this.#part(FRAME.life, FRAME.life + TOKEN_BYTES)
  }

  get inc(): Uint8Array {
    return this.#part(FRAME.inc, FRAME.inc + TOKEN_BYTES)
  }

  get payload(): Uint8Array {
    return this.#part(this.payloadAt, this.bytes.length)
  }

  /** The immutable half of the header, which a seal covers. */
  get associated(): Uint8Array {
    return this.placeholder ? this.payload : this.#part(FRAME.versionAt, this.payloadAt)
  }

  /** Whether it was written in this life of the server and this incarnation of the namespace, 8 bytes each. */
  belongsTo(life: Uint8Array, inc: Uint8Array): boolean {
    return this.#same(FRAME.life, life) && this.#same(FRAME.inc, inc)
  }

  /** The version token as text, one character a byte. */
  get versionText(): string {
    return this.bytes.toString('latin1', FRAME.versionAt, FRAME.versionAt + TOKEN_BYTES)
  }

  #time(at: number): number {
    return this.placeholder ? 0 : this.#double(at)
  }

  #double(at: number): number {
    return this.#view.getFloat64(this.bytes.byteOffset + at)
  }

  #checkTime(at: number): void {
    if (!Number.isFinite(this.#double(at)))
      throw new FrameError('FRAME_CORRUPT', `The frame holds a time that is not a number, at byte ${at}.`)
  }

  #same(at: number, token: Uint8Array): boolean {
    for (let byte = 0; byte < TOKEN_BYTES; byte++) if (this.bytes[at + byte] !== token[byte]) return false
    return true
  }

  #part(from: number, to: number): Uint8Array {
    return this.bytes.subarray(from, to)
  }
}

const TIMES = [FRAME.reading, FRAME.created, FRAME.freshUntil, FRAME.hardExpiry, FRAME.loadTime] as const

const NO_TAGS: readonly string[] = Object.freeze([])

function tagField(frame: Buffer, flags: number): number {
  if (frame.length < FRAME.tags) throw truncated(frame)
  const counted = frame.readUInt16BE(FRAME.tagCount)
  if (((counted & NEGATIVE_BIT) !== 0) !== ((flags & FRAME.flags.negative) !== 0))
    throw new FrameError('FRAME_CORRUPT', 'The frame contradicts itself about being negative.')
  if (frame.length < FRAME.tags + (counted & MAX_TAGS) * FRAME.tagBytes) throw truncated(frame)
  return counted
}

function tagsOf(frame: Buffer, end: number): readonly string[] {
  const tags: string[] = []
  for (let at: number = FRAME.tags; at < end; at += FRAME.tagBytes)
    tags.push(frame.toString('base64url', at, at + FRAME.tagBytes))
  return tags
}

function checkedFlags(frame: Buffer): number {
  if (frame.length > MAX_FRAME_BYTES)
    throw new FrameError('FRAME_LIMIT', `The frame has ${frame.length} bytes; at most ${MAX_FRAME_BYTES} are read.`)
  if (frame.length > 0 && frame[0] !== FRAME.magic)
    throw new FrameError('FRAME_MAGIC', 'The bytes do not begin like a frame: something else wrote this key.')
  if (frame.length > 1 && frame[1] !== FRAME.version) {
    const version = frame[1] as number
    throw new FrameError('FRAME_VERSION', `The frame has version ${version}; this library reads ${FRAME.version}.`, {
      newer: version > FRAME.version,
    })
  }
  if (frame.length < FRAME.headerBytes) throw truncated(frame)
  return frame[2] as number
}

function truncated(frame: Buffer): FrameError {
  return new FrameError('FRAME_TRUNCATED', `The frame ends after ${frame.length} bytes.`)
}
