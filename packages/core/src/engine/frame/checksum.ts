import { crc32 } from 'node:zlib'
import { FRAME } from '@granary/serialization'

/** Where a frame keeps its checksum: the last four bytes of the part that scripts may change, and do not. */
const AT = FRAME.versionAt - 4

/** From this many bytes on a native sum is faster than the call to it costs. */
const LARGE = 4_096

/** Puts the checksum of a frame's immutable part, and of the key it is stored under, into it. */
export function stampChecksum(frame: Buffer, key: string): void {
  frame.writeUInt32BE(checksumOf(frame, key), AT)
}

/**
 * Whether a frame is as it was written, and under this key: where replies are handed to the wrong commands, a sound frame of
 * another entry would be somebody else's data. One without a checksum is taken as it is.
 */
export function isIntact(frame: Uint8Array, key: string): boolean {
  const stamped =
    (((frame[AT] as number) << 24) |
      ((frame[AT + 1] as number) << 16) |
      ((frame[AT + 2] as number) << 8) |
      (frame[AT + 3] as number)) >>>
    0
  return stamped === 0 || stamped === checksumOf(frame, key)
}

/** Never 0, which stands for none. */
function checksumOf(frame: Uint8Array, key: string): number {
  const begin = sumOf(key)
  const sum = frame.length < LARGE ? mixed(frame, begin) : crc32(frame.subarray(FRAME.versionAt), begin)
  return sum === 0 ? 1 : sum
}

function sumOf(key: string): number {
  let sum = key.length
  for (let at = 0; at < key.length; at++) sum = Math.imul(sum ^ key.charCodeAt(at), 0x01000193)
  return sum >>> 0
}

/** Each step is a bijection of what came before and of its word, so damage within one word never goes unnoticed. */
function mixed(frame: Uint8Array, begin: number): number {
  const end = frame.length
  let sum = begin ^ end
  let at: number = FRAME.versionAt
  for (; at + 4 <= end; at += 4) {
    const word =
      (frame[at] as number) |
      ((frame[at + 1] as number) << 8) |
      ((frame[at + 2] as number) << 16) |
      ((frame[at + 3] as number) << 24)
    sum = Math.imul(sum ^ word, 0x85ebca6b)
    sum ^= sum >>> 13
  }
  let rest = 0
  for (; at < end; at++) rest = (rest << 8) | (frame[at] as number)
  sum = Math.imul(sum ^ rest, 0xc2b2ae35)
  return (sum ^ (sum >>> 16)) >>> 0
}
