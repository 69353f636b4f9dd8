import type { Mean } from './mean.ts'

/** Bits of a code. */
const CODE_BITS = 256

/** Bytes of a code: what an entry takes in the mirror of a process. */
export const CODE_BYTES = CODE_BITS / 8

/** Words of a code. */
export const CODE_WORDS = CODE_BITS / 32

/**
 * The code of a vector: 256 signs of its pseudo-random rotation, so that the share of bits in which two codes differ estimates
 * the angle between the vectors (Charikar, STOC 2002). The rotation is three rounds of random signs and a Walsh-Hadamard
 * transform (Andoni et al., NIPS 2015), the same in every process. `mean` is taken off first: vectors of sentence encoders share
 * a direction, and without it most of their signs would agree.
 */
export function signCode(vector: Float32Array, mean: Mean | undefined): Uint8Array {
  const size = rotationSize(vector.length)
  const turned = new Float32Array(size)
  for (let at = 0; at < vector.length; at++) turned[at] = (vector[at] as number) - (mean?.[at] ?? 0)
  const signs = signsOf(size)
  for (let round = 0; round < ROUNDS; round++) {
    const offset = round * size
    for (let at = 0; at < size; at++) turned[at] = (turned[at] as number) * (signs[offset + at] as number)
    transform(turned)
  }
  const code = new Uint8Array(CODE_BYTES)
  for (let bit = 0; bit < CODE_BITS; bit++) {
    if ((turned[bit] as number) > 0) code[bit >> 3] = (code[bit >> 3] as number) | (1 << (bit & 7))
  }
  // A code of zeros alone stands for an empty place.
  if (code.every((byte) => byte === 0)) code[0] = 1
  return code
}

const ROUNDS = 3

/** A power of two with room for the vector and for the bits. */
function rotationSize(dimensions: number): number {
  let size = CODE_BITS
  while (size < dimensions) size *= 2
  return size
}

const knownSigns = new Map<number, Int8Array>()

/** Signs from a fixed sequence (xorshift32, Marsaglia 2003): codes of two processes, and of two years, must be comparable. */
function signsOf(size: number): Int8Array {
  const known = knownSigns.get(size)
  if (known !== undefined) return known
  const signs = new Int8Array(ROUNDS * size)
  let state = 0x9e3779b9
  for (let at = 0; at < signs.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    signs[at] = state & 0x10000 ? 1 : -1
  }
  knownSigns.set(size, signs)
  return signs
}

/** The Walsh-Hadamard transform in place, unscaled: only signs are looked at. */
function transform(values: Float32Array): void {
  for (let half = 1; half < values.length; half *= 2) {
    for (let start = 0; start < values.length; start += 2 * half) {
      for (let at = start; at < start + half; at++) {
        const a = values[at] as number
        const b = values[at + half] as number
        values[at] = a + b
        values[at + half] = a - b
      }
    }
  }
}
