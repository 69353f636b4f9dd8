/** A unit vector that a seed decides. All of them share a direction, as those of sentence encoders do. */
export function randomUnit(dimensions: number, seed: number): Float32Array {
  const next = gaussians(seed + 1)
  return unit(Float32Array.from({ length: dimensions }, () => next() + 0.5))
}

/** A unit vector near to another: `spread` is the length of what is added to it. */
export function around(vector: Float32Array, spread: number, seed: number): Float32Array {
  const next = gaussians(seed + 1)
  const noise = unit(Float32Array.from({ length: vector.length }, () => next()))
  return unit(vector.map((value, at) => value + spread * (noise[at] as number)))
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** Normally distributed numbers (Box and Muller) from a small generator (mulberry32). */
function gaussians(seed: number): () => number {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}
