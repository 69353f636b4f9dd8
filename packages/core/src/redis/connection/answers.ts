import { RedisUnavailable } from '../../errors.ts'

/*
 * What replies must look like. A stream that has lost its place hands sound replies to the wrong commands: each is held
 * against what its command can be answered, and one that does not fit ends the connection.
 */

/** Reads a reply as the answer to its command. Throws `RedisUnavailable` when it is none. */
export type ReadAnswer<T> = (reply: unknown) => T

/** Takes a reply as it is. */
export function anyAnswer<T>(reply: unknown): T {
  return reply as T
}

/**
 * What came is no answer to what was asked.
 *
 * @throws RedisUnavailable always.
 */
export function refuseAnswer(wanted: string): never {
  throw new RedisUnavailable('protocol', new Error(`Redis answered with something else than ${wanted}.`))
}

/** A list of so many elements; without `length`, of any number. */
export function listIn(reply: unknown, length?: number): readonly unknown[] {
  if (Array.isArray(reply) && (length === undefined || reply.length === length)) return reply
  return refuseAnswer(length === undefined ? 'a list' : `a list of ${length}`)
}

/** A whole number from 0, as an integer or in digits. */
export function wholeIn(reply: unknown): number {
  const number = typeof reply === 'number' ? reply : reply instanceof Uint8Array ? digits(reply) : Number.NaN
  return Number.isSafeInteger(number) && number >= 0 ? number : refuseAnswer('a whole number')
}

/** The server's time, as `TIME` tells it, in whole milliseconds. */
export function timeIn(reply: unknown): number {
  const [seconds, micros] = listIn(reply, 2).map(wholeIn) as [number, number]
  return micros < 1_000_000 ? seconds * 1_000 + Math.floor(micros / 1_000) : refuseAnswer('a time')
}

/** Bytes, or undefined for nothing. */
export function bytesIn(reply: unknown): Uint8Array | undefined {
  if (reply === null) return undefined
  return reply instanceof Uint8Array ? reply : refuseAnswer('a string')
}

function digits(bytes: Uint8Array): number {
  const text = String(bytes)
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}
