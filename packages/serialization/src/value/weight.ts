/**
 * What values weigh on the heap of V8, in bytes: estimates for bounding memory, right within a factor of two. They leave
 * out what is shared (property names, shapes).
 */
export const WEIGHT = {
  /** A number; small integers live in their slot, and are counted the same. */
  number: 8,
  /** A string, beside its characters. */
  string: 16,
  /** An integer of up to 64 bits. */
  bigInteger: 24,
  /** A plain object, beside its slots. */
  object: 24,
  /** A property or an item. */
  slot: 8,
  /** An array, beside its slots. */
  array: 32,
  date: 40,
  regexp: 80,
  map: 160,
  mapEntry: 40,
  set: 140,
  setEntry: 30,
  error: 64,
  /** Bytes of any kind, beside the bytes. */
  binary: 96,
} as const

/** A character that Latin-1 does not have: V8 then keeps its whole string with two bytes a character. */
const WIDE = /[^\0-\xff]/

/** Strings of up to so many characters are taken for Latin-1: they weigh at most 1.7 times as much. */
const SHORT = 32

/** What a string weighs. V8 knows of one in Latin-1 that there is no wide character in it, so only others are searched. */
export function stringWeight(text: string): number {
  const { length } = text
  return WEIGHT.string + (length > SHORT && WIDE.test(text) ? 2 * length : length)
}

/** What a big integer weighs. */
export function bigIntWeight(value: bigint): number {
  const high = value >> 64n
  return high === 0n || high === -1n ? WEIGHT.bigInteger : WEIGHT.bigInteger + value.toString(16).length / 2
}
