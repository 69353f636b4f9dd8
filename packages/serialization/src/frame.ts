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
import { FrameError } from './errors.ts'

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
export function decodeFrame(bytes: Uint8Array): FrameView & { associated: Uint8Array } {
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const flags = checkedFlags(frame)
  const placeholder = (flags & FRAME.flags.placeholder) !== 0
  const lease = {
    placeholder,
    waiter: (flags & FRAME.flags.waiter) !== 0,
    token: frame.subarray(FRAME.token, FRAME.token + 8),
    leaseDeadline: frame.readDoubleBE(FRAME.deadline),
    version: frame.subarray(FRAME.versionAt, FRAME.versionAt + 8),
    life: frame.subarray(FRAME.life, FRAME.life + 8),
    inc: frame.subarray(FRAME.inc, FRAME.inc + 8),
  }
  if (placeholder)
    return { ...lease, ...NOTHING, payload: frame.subarray(frame.length), associated: frame.subarray(frame.length) }
  if (frame.length < FRAME.tags) throw truncated(frame)
  const counted = frame.readUInt16BE(FRAME.tagCount)
  const negative = (counted & NEGATIVE_BIT) !== 0
  if (negative !== ((flags & FRAME.flags.negative) !== 0))
    throw new FrameError('FRAME_CORRUPT', 'The frame contradicts itself about being negative.')
  const end = FRAME.tags + (counted & MAX_TAGS) * FRAME.tagBytes
  if (frame.length < end) throw truncated(frame)
  const tags: string[] = []
  for (let at: number = FRAME.tags; at < end; at += FRAME.tagBytes)
    tags.push(frame.toString('base64url', at, at + FRAME.tagBytes))
  return {
    ...lease,
    negative,
    reading: finite(frame, FRAME.reading),
    created: finite(frame, FRAME.created),
    freshUntil: finite(frame, FRAME.freshUntil),
    hardExpiry: finite(frame, FRAME.hardExpiry),
    loadTime: finite(frame, FRAME.loadTime),
    tags,
    payload: frame.subarray(end),
    associated: frame.subarray(FRAME.versionAt, end),
  }
}

const NOTHING = {
  negative: false,
  reading: 0,
  created: 0,
  freshUntil: 0,
  hardExpiry: 0,
  loadTime: 0,
  tags: [] as string[],
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
