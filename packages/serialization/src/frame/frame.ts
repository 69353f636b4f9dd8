/**
 * The frame: one Redis string holding an entry. Its first 48 bytes are read and, up to byte 23, changed by scripts on the
 * server, so offsets are fixed and numbers big-endian.
 *
 * | bytes | what |
 * |---|---|
 * | 0, 1 | magic `G`, frame version |
 * | 2 | flags: placeholder 1, waiter 2, negative 4, compressed 8, sealed 16 |
 * | 3 | 48, the length of the part scripts read |
 * | 4-11 | lease token, zeros for none |
 * | 12-19 | lease deadline, server milliseconds, float64 |
 * | 20-23 | reserved, zeros |
 * | 24-31, 32-39, 40-47 | version token, server life, incarnation |
 * | 48-87 | reading, created, freshUntil, hardExpiry, loadTime, float64 each |
 * | 88-89 | number of tags; the highest bit repeats the negative flag inside the authenticated half |
 * | 90- | 8 bytes per tag digest, then the payload |
 *
 * A placeholder holds a lease while there is no value; it may end after byte 47.
 */
import { FrameError } from '../errors.ts'

/** Offsets, sizes and flags of a frame. */
export const FRAME = {
  magic: 0x47,
  version: 1,
  flagsAt: 2,
  flags: { placeholder: 1, waiter: 2, negative: 4, compressed: 8, sealed: 16 },
  token: 4,
  deadline: 12,
  versionAt: 24,
  life: 32,
  inc: 40,
  headerBytes: 48,
  reading: 48,
  created: 56,
  freshUntil: 64,
  hardExpiry: 72,
  loadTime: 80,
  tagCount: 88,
  tags: 90,
  tagBytes: 8,
} as const

/** The most tags one entry may carry. */
export const MAX_TAGS = 0x7fff

/** The largest frame that is written or read: 512 MiB, what a Redis string can hold. The values' own limit is far below. */
export const MAX_FRAME_BYTES = 512 * 1024 * 1024

const NEGATIVE_BIT = 0x8000
const TOKEN_BYTES = 8
const TIMES = ['reading', 'created', 'freshUntil', 'hardExpiry', 'loadTime'] as const

/** What a writer puts into a frame beside the payload. Times are server milliseconds. */
export interface FrameFields {
  /** Whether the value is null or undefined. */
  negative: boolean
  /** 8 bytes: the token of the commit or set that writes it. */
  version: Uint8Array
  /** 8 bytes: the life of the server that granted the lease. */
  life: Uint8Array
  /** 8 bytes: the incarnation of the namespace's metadata. */
  inc: Uint8Array
  /** The tag clock noted before the load began. */
  reading: number
  created: number
  freshUntil: number
  hardExpiry: number
  /** How long the load took, in milliseconds. */
  loadTime: number
  /** Digests made by `tagDigest`. */
  tags: readonly string[]
}

/** A frame as read. */
export interface FrameView extends FrameFields {
  /** Whether it only holds a lease. */
  placeholder: boolean
  /** Whether someone waits for the lease's holder. */
  waiter: boolean
  /** 8 bytes; zeros when nobody holds the lease. */
  token: Uint8Array
  leaseDeadline: number
  /** A view into the frame's bytes; empty for a placeholder. */
  payload: Uint8Array
}

/**
 * Writes a frame without a lease.
 *
 * `pack` makes the payload. It gets the immutable half of the header, which a seal must cover; the caller adds the key.
 *
 * @throws RangeError when a field has the wrong size or is not finite; FrameError `FRAME_LIMIT` above `MAX_FRAME_BYTES`.
 */
export function encodeFrame(fields: FrameFields, pack: (associated: Uint8Array) => Uint8Array): Buffer {
  const head = encodeHead(fields)
  return join(head, pack(head.subarray(FRAME.versionAt)))
}

/** Writes a frame whose payload is made elsewhere; like {@link encodeFrame} otherwise. */
export async function encodeFrameAsync(
  fields: FrameFields,
  pack: (associated: Uint8Array) => Promise<Uint8Array>,
): Promise<Buffer> {
  const head = encodeHead(fields)
  return join(head, await pack(head.subarray(FRAME.versionAt)))
}

function encodeHead(fields: FrameFields): Buffer {
  const tagCount = fields.tags.length
  if (tagCount > MAX_TAGS) throw new RangeError(`An entry has ${tagCount} tags; at most ${MAX_TAGS} are allowed.`)
  const head = Buffer.alloc(FRAME.tags + tagCount * FRAME.tagBytes)
  head[0] = FRAME.magic
  head[1] = FRAME.version
  head[2] = fields.negative ? FRAME.flags.negative : 0
  head[3] = FRAME.headerBytes
  putToken(head, FRAME.versionAt, fields.version, 'version')
  putToken(head, FRAME.life, fields.life, 'life')
  putToken(head, FRAME.inc, fields.inc, 'inc')
  for (const name of TIMES) putNumber(head, FRAME[name], fields[name], name)
  head.writeUInt16BE(tagCount | (fields.negative ? NEGATIVE_BIT : 0), FRAME.tagCount)
  let at: number = FRAME.tags
  for (const tag of fields.tags) {
    if (head.write(tag, at, FRAME.tagBytes, 'base64url') !== FRAME.tagBytes)
      throw new RangeError(`'${tag}' is not a tag digest.`)
    at += FRAME.tagBytes
  }
  return head
}

function join(head: Buffer, payload: Uint8Array): Buffer {
  const size = head.length + payload.length
  if (size > MAX_FRAME_BYTES)
    throw new FrameError('FRAME_LIMIT', `The frame would have ${size} bytes; at most ${MAX_FRAME_BYTES} are allowed.`)
  const frame = Buffer.allocUnsafe(size)
  frame.set(head)
  frame.set(payload, head.length)
  // The payload's first byte says how it was made; the flags repeat it for scripts and tools.
  frame[2] = (head[2] as number) | (((payload[0] ?? 0) >> 1) & (FRAME.flags.compressed | FRAME.flags.sealed))
  return frame
}

/** Writes a placeholder: a lease where there is no value yet. */
export function encodePlaceholder(lease: { token: Uint8Array; deadline: number }): Buffer {
  const frame = Buffer.alloc(FRAME.headerBytes)
  frame[0] = FRAME.magic
  frame[1] = FRAME.version
  frame[2] = FRAME.flags.placeholder
  frame[3] = FRAME.headerBytes
  putToken(frame, FRAME.token, lease.token, 'token')
  putNumber(frame, FRAME.deadline, lease.deadline, 'deadline')
  return frame
}

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
  readonly leaseDeadline: number
  readonly reading: number
  readonly created: number
  readonly freshUntil: number
  readonly hardExpiry: number
  readonly loadTime: number
  readonly tags: readonly string[]
  readonly #bytes: Buffer
  readonly #end: number

  /** Made by `decodeFrame`. */
  constructor(bytes: Buffer) {
    const flags = checkedFlags(bytes)
    this.#bytes = bytes
    this.placeholder = (flags & FRAME.flags.placeholder) !== 0
    this.waiter = (flags & FRAME.flags.waiter) !== 0
    this.sealed = (flags & FRAME.flags.sealed) !== 0
    this.leaseDeadline = bytes.readDoubleBE(FRAME.deadline)
    const counted = this.placeholder ? 0 : tagField(bytes, flags)
    this.negative = (counted & NEGATIVE_BIT) !== 0
    this.#end = this.placeholder ? bytes.length : FRAME.tags + (counted & MAX_TAGS) * FRAME.tagBytes
    this.reading = this.placeholder ? 0 : finite(bytes, FRAME.reading)
    this.created = this.placeholder ? 0 : finite(bytes, FRAME.created)
    this.freshUntil = this.placeholder ? 0 : finite(bytes, FRAME.freshUntil)
    this.hardExpiry = this.placeholder ? 0 : finite(bytes, FRAME.hardExpiry)
    this.loadTime = this.placeholder ? 0 : finite(bytes, FRAME.loadTime)
    this.tags = counted & MAX_TAGS ? tagsOf(bytes, this.#end) : NO_TAGS
  }

  /** Whether somebody's token stands in the lease, run out or not. */
  get leased(): boolean {
    return this.#bytes.readUInt32BE(FRAME.token) !== 0 || this.#bytes.readUInt32BE(FRAME.token + 4) !== 0
  }

  get token(): Uint8Array {
    return this.#view(FRAME.token, FRAME.token + TOKEN_BYTES)
  }

  get version(): Uint8Array {
    return this.#view(FRAME.versionAt, FRAME.versionAt + TOKEN_BYTES)
  }

  get life(): Uint8Array {
    return this.#view(FRAME.life, FRAME.life + TOKEN_BYTES)
  }

  get inc(): Uint8Array {
    return this.#view(FRAME.inc, FRAME.inc + TOKEN_BYTES)
  }

  get payload(): Uint8Array {
    return this.#view(this.#end, this.#bytes.length)
  }

  /** The immutable half of the header, which a seal covers. */
  get associated(): Uint8Array {
    return this.placeholder ? this.payload : this.#view(FRAME.versionAt, this.#end)
  }

  /** Whether it was written in this life of the server and this incarnation of the namespace, 8 bytes each. */
  belongsTo(life: Uint8Array, inc: Uint8Array): boolean {
    return this.#same(FRAME.life, life) && this.#same(FRAME.inc, inc)
  }

  /** The version token as text, one character a byte. */
  get versionText(): string {
    return this.#bytes.toString('latin1', FRAME.versionAt, FRAME.versionAt + TOKEN_BYTES)
  }

  #same(at: number, token: Uint8Array): boolean {
    for (let byte = 0; byte < TOKEN_BYTES; byte++) if (this.#bytes[at + byte] !== token[byte]) return false
    return true
  }

  #view(from: number, to: number): Uint8Array {
    return this.#bytes.subarray(from, to)
  }
}

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

function finite(frame: Buffer, at: number): number {
  const value = frame.readDoubleBE(at)
  if (!Number.isFinite(value))
    throw new FrameError('FRAME_CORRUPT', `The frame holds a time that is not a number, at byte ${at}.`)
  return value
}

function putToken(target: Buffer, at: number, token: Uint8Array, name: string): void {
  if (token.length !== TOKEN_BYTES) throw new RangeError(`${name}: a token has 8 bytes, not ${token.length}.`)
  target.set(token, at)
}

function putNumber(target: Buffer, at: number, value: number, name: string): void {
  if (!Number.isFinite(value)) throw new RangeError(`${name}: ${value} is not a finite number.`)
  target.writeDoubleBE(value, at)
}
