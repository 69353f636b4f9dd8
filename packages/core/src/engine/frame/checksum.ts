import { crc32 } from 'node:zlib'
import { FRAME } from '@granary/serialization'

/** Where a frame keeps its checksum: the last four bytes of the part that scripts may change, and do not. */
const AT = FRAME.versionAt - 4

/** From this many bytes on a native sum is faster than the call to it costs. */
const LARGE = 4_096

/** Puts the checksum of a frame's immutable part into it. */
export function stampChecksum(frame: Buffer): void {
  frame.writeUInt32BE(checksumOf(frame), AT)
}

/** Whether a frame is as it was written. One without a checksum is taken as it is. */
export function isIntact(frame: Uint8Array): boolean {
  const stamped =
    (((frame[AT] as number) << 24) |
      ((frame[AT + 1] as number) << 16) |
      ((frame[AT + 2] as number) << 8) |
      (frame[AT + 3] as number)) >>>
    0
  return stamped === 0 || stamped === checksumOf(frame)
}

/** Never 0, which stands for none. */
function checksumOf(frame: Uint8Array): number {
  const sum = frame.length < LARGE ? mixed(frame) : crc32(frame.subarray(FRAME.versionAt))
  return sum === 0 ? 1 : sum
}

/** Each step is a bijection of what came before and of its word, so damage within one word never goes unnoticed. */
function mixed(frame: Uint8Array): number {
  const end = frame.length
  let sum = end
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
