import type { RandomLike } from '../time/scripted-random.ts'

/**
 * Flips one bit in randomly chosen bytes of a stream. The gaps between hit bytes are drawn from a geometric distribution, so
 * that the outcome depends on the seed and the bytes alone and not on how they were cut into chunks.
 */
export class Corruption {
  readonly #random: RandomLike
  readonly #logMiss: number
  #gap: number

  constructor(share: number, random: RandomLike) {
    this.#random = random
    this.#logMiss = Math.log1p(-share)
    this.#gap = this.#drawGap()
  }

  /** The next bytes of the stream, corrupted; the given ones stay as they are. */
  apply(bytes: Buffer): Buffer {
    if (this.#gap >= bytes.length) {
      this.#gap -= bytes.length
      return bytes
    }
    const corrupted = Buffer.from(bytes)
    let at = this.#gap
    while (at < corrupted.length) {
      corrupted[at] = (corrupted[at] as number) ^ (1 << Math.floor(this.#random.next() * 8))
      at += 1 + this.#drawGap()
    }
    this.#gap = at - corrupted.length
    return corrupted
  }

  #drawGap(): number {
    return Math.floor(Math.log1p(-this.#random.next()) / this.#logMiss)
  }
}
