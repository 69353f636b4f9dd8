/**
 * What the script answers: packed bytes, because a list of numbers cost Redis more than deciding did. A code, the subject's
 * time as a double, its birth in four bytes; then, for calls, doubles for each rule.
 */
import type { Micros } from '../rule/verdict.ts'

/** Refused. Nothing was written, unless refusals are punished. */
export const REFUSED = 0
/** Done. */
export const DONE = 1
/** The subject was born after the birth that was named, so data was lost. Nothing was written. */
export const REBORN = -1
/** The calendar bounds that were sent do not contain the time. Nothing was written. */
export const OUTSIDE_PERIOD = -2

/** The subject was reset since the birth that was named: what was used before no longer counts. Nothing was written. */
export const RESET = -3

/** A reply, read. */
export interface Reply {
  readonly code: number
  /** The subject's time; for {@link REBORN} the server's. */
  readonly now: Micros
  /** When the packed subject was created, modulo 2^32. */
  readonly birth: number
  /**
   * What follows: for a refusal the block's microseconds and then per rule `remaining, retry, reset`; for an admission per
   * rule `remaining, reset`, and `ref` if it was recorded. `remaining` is negative in debt.
   */
  readonly numbers: readonly number[]
}

const HEAD = 13

/** Reads a reply. */
export function readReply(bytes: Buffer): Reply {
  const numbers = new Array<number>((bytes.length - HEAD) / 8)
  for (let index = 0; index < numbers.length; index++) numbers[index] = bytes.readDoubleLE(HEAD + 8 * index)
  return { code: bytes.readInt8(0), now: bytes.readDoubleLE(1), birth: bytes.readUInt32LE(9), numbers }
}
