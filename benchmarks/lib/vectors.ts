/**
 * Vectors as those of sentences: they share a direction, and those that mean the same lie near each other. Made when they are
 * asked for, always the same.
 */
export class Vectors {
  readonly size: number
  readonly #dimensions: number
  readonly #groups: number

  /** `size` entries in groups of about `alike`. */
  constructor(dimensions: number, size: number, alike: number) {
    this.size = size
    this.#dimensions = dimensions
    this.#groups = Math.ceil(size / alike)
  }

  /** The vector of an entry. */
  entry(at: number): Float32Array {
    return this.#around(at % this.#groups, 1 + at)
  }

  /** The vector of a request that is no entry, and means what some entries mean. */
  query(at: number): Float32Array {
    return this.#around((at * 7_919) % this.#groups, -1 - at)
  }

  #around(group: number, seed: number): Float32Array {
    const centre = this.#unit(1_000_003 * (group + 1), 0.3)
    const noise = this.#unit(seed, 0)
    return unit(centre.map((value, at) => value + 0.35 * (noise[at] as number)))
  }

  #unit(seed: number, shared: number): Float32Array {
    const next = numbers(seed)
    return unit(Float32Array.from({ length: this.#dimensions }, () => next() + next() + next() - 1.5 + shared))
  }
}

function unit(vector: Float32Array): Float32Array {
  let sum = 0
  for (const value of vector) sum += value * value
  const length = Math.sqrt(sum)
  return vector.map((value) => value / length)
}

/** Numbers from 0 to 1 (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
