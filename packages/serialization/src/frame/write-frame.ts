import { FrameError } from '../errors.ts'
import { FRAME, type FrameFields, MAX_FRAME_BYTES, MAX_TAGS, NEGATIVE_BIT, TOKEN_BYTES } from './layout.ts'

const TIMES = ['reading', 'created', 'freshUntil', 'hardExpiry', 'loadTime'] as const

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

function putToken(target: Buffer, at: number, token: Uint8Array, name: string): void {
  if (token.length !== TOKEN_BYTES) throw new RangeError(`${name}: a token has 8 bytes, not ${token.length}.`)
  target.set(token, at)
}

function putNumber(target: Buffer, at: number, value: number, name: string): void {
  if (!Number.isFinite(value)) throw new RangeError(`${name}: ${value} is not a finite number.`)
  target.writeDoubleBE(value, at)
}
