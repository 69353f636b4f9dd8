import { RedisUnavailable } from '../errors.ts'

/** Names whose values are larger than this, in bytes, go by a connection of their own, one command each. */
export const LARGE = 32_768

/** No frame of ours is larger, in bytes: encoded values are at most 32 MiB. What is, is not read. */
export const LARGEST_FRAME = 33 * 1024 * 1024

/** What a frame is known by when the rest of it cannot be used. */
export const HEADER_BYTES = 48

/** What is no string is no value of ours, and MGET passes over it: asked for its size, it has none. */
export function unlessWrongType(error: unknown): undefined {
  if (error instanceof RedisUnavailable && error.reason === 'wrongtype') return undefined
  throw error
}
