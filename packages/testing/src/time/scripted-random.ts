import { InvalidTestOption, TestingError } from '../errors.ts'

/** What Granary calls a source of chance. {@link ScriptedRandom} has this shape; so does the `Random` of `@granary/core`. */
export interface RandomLike {
  /** A number in [0, 1). */
  next(): number
  /** `count` bytes. */
  bytes(count: number): Uint8Array
}

/**
 * A reproducible source of chance: the same script gives the same numbers in every run. Pass it wherever Granary takes a
 * `random`.
 *
 * - `new ScriptedRandom(7)` draws from a stream that the seed 7 determines. Not for secrets.
 * - `new ScriptedRandom([0, 0.5, 0.99])` gives these numbers in order and then throws: a test that lists them decides how
 *   often chance is asked. Its bytes come from the stream of seed 0.
 *
 * The stream is sfc32 (C. Doty-Humphrey, PractRand), seeded with three words of splitmix32 and warmed up by twelve rounds.
 */
export class ScriptedRandom implements RandomLike {
  readonly #list: readonly number[] | undefined
  readonly #word: () => number
  #drawn = 0

  constructor(script: number | readonly number[] = 1) {
    if (typeof script === 'number') {
      if (!Number.isSafeInteger(script)) throw new InvalidTestOption('seed', script, 'give a whole number')
      this.#list = undefined
      this.#word = sfc32(script)
      return
    }
    for (const value of script) {
      if (!(value >= 0 && value < 1)) throw new InvalidTestOption('script', value, 'every number must be in [0, 1)')
    }
    this.#list = [...script]
    this.#word = sfc32(0)
  }

  /** How many numbers `next()` has given so far. */
  get drawn(): number {
    return this.#drawn
  }

  /**
   * The next number in [0, 1), with 53 random bits when it comes from a seed.
   *
   * @throws {@link TestingError} with code `SCRIPT_EXHAUSTED` when a list has no number left
   */
  next(): number {
    const list = this.#list
    if (list === undefined) {
      this.#drawn++
      return ((this.#word() >>> 5) * 67_108_864 + (this.#word() >>> 6)) / 9_007_199_254_740_992
    }
    const value = list[this.#drawn]
    if (value === undefined) {
      throw new TestingError(
        'SCRIPT_EXHAUSTED',
        `Chance was asked more than the ${list.length} times that the script lists.`,
      )
    }
    this.#drawn++
    return value
  }

  /** The next `count` bytes of the seeded stream. */
  bytes(count: number): Uint8Array {
    if (!Number.isSafeInteger(count) || count < 0)
      throw new InvalidTestOption('count', count, 'give a whole number from 0')
    return Uint8Array.from({ length: count }, () => this.#word() >>> 24)
  }
}

function sfc32(seed: number): () => number {
  let mix = seed >>> 0
  const split = () => {
    mix = (mix + 0x9e3779b9) | 0
    let word = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) | 0
  }
  let [a, b, c, counter] = [split(), split(), split() ^ Math.trunc(seed / 4_294_967_296), 1]
  const step = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round++) step()
  return step
}
