import { RedisUnavailable } from '../errors.ts'
import { bytesIn, refuseAnswer } from './connection/answers.ts'

/** Names whose values are larger than this, in bytes, go by a connection of their own, one command each. */
export const LARGE = 32_768

/** No frame of ours is larger, in bytes: encoded values are at most 32 MiB. What is, is not read. */
export const LARGEST_FRAME = 33 * 1024 * 1024

/** What a frame is known by when the rest of it cannot be used. */
export const HEADER_BYTES = 48

/** The first bytes of a frame as GETRANGE answers them: none when there is no frame. */
export function headIn(reply: unknown): Uint8Array {
  return bytesIn(reply) ?? refuseAnswer('the head of a frame')
}

/** The bytes of a value that is read; of one larger than any of ours, only those that it is known by. */
export function readable(value: Uint8Array | undefined): Uint8Array | undefined {
  return value !== undefined && value.length > LARGEST_FRAME ? Uint8Array.from(value.subarray(0, HEADER_BYTES)) : value
}

/** What is no string is no value of ours, and MGET passes over it: asked for its size, it has none. */
export function unlessWrongType(error: unknown): undefined {
  if (error instanceof RedisUnavailable && error.reason === 'wrongtype') return undefined
  throw error
}

/** Names whose values are large. Past the bound all are forgotten: each then costs its neighbours one slow reply more. */
export class LargeNames {
  readonly #limit: number
  readonly #labels = new Set<string>()

  constructor(limit = 1_000) {
    this.#limit = limit
  }

  has(label: string): boolean {
    return this.#labels.size > 0 && this.#labels.has(label)
  }

  add(label: string): void {
    if (this.#labels.size >= this.#limit && !this.#labels.has(label)) this.#labels.clear()
    this.#labels.add(label)
  }
}
