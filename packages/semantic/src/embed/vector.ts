/** Arithmetic on vectors of equal length. */

/** The inner product; for vectors of length 1 their cosine. */
export function dot(a: Float32Array, b: Float32Array): number {
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  const whole = a.length & ~3
  for (let at = 0; at < whole; at += 4) {
    first += (a[at] as number) * (b[at] as number)
    second += (a[at + 1] as number) * (b[at + 1] as number)
    third += (a[at + 2] as number) * (b[at + 2] as number)
    fourth += (a[at + 3] as number) * (b[at + 3] as number)
  }
  for (let at = whole; at < a.length; at++) first += (a[at] as number) * (b[at] as number)
  return first + second + third + fourth
}

/** Scales `vector` to length 1 in place and returns it; zeros stay zeros. */
export function normalize(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector))
  if (length > 0) for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) / length
  return vector
}
