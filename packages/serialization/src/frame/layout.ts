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
 * | 20-23 | the writer's checksum of what follows, zeros for none; neither written nor tested here |
 * | 24-31, 32-39, 40-47 | version token, server life, incarnation |
 * | 48-87 | reading, created, freshUntil, hardExpiry, loadTime, float64 each |
 * | 88-89 | number of tags; the highest bit repeats the negative flag inside the authenticated half |
 * | 90- | 8 bytes per tag digest, then the payload |
 *
 * A placeholder holds a lease while there is no value; it may end after byte 47.
 */
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

/** The bit of the tag count that repeats the negative flag. */
export const NEGATIVE_BIT = 0x8000

/** Bytes of a token, a life and an incarnation. */
export const TOKEN_BYTES = 8

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
