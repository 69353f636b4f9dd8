/** What the vectors of a scope have in common, taken off before their signs are. */
export type Mean = Float32Array

/** The mean of vectors of one length; undefined of none. */
export function meanOf(vectors: readonly Float32Array[]): Mean | undefined {
  const [first] = vectors
  if (first === undefined) return undefined
  const mean = new Float32Array(first.length)
  for (const vector of vectors) {
    for (let at = 0; at < mean.length; at++) mean[at] = (mean[at] as number) + (vector[at] as number) / vectors.length
  }
  return mean
}

/** A mean as it is stored: 32-bit floats, little-endian. */
export function meanToBytes(mean: Mean): Uint8Array {
  const bytes = new Uint8Array(mean.length * 4)
  const view = new DataView(bytes.buffer)
  for (const [at, value] of mean.entries()) view.setFloat32(at * 4, value, true)
  return bytes
}

/** Reads a stored mean; undefined when it is none of this many dimensions. */
export function meanFromBytes(bytes: Uint8Array, dimensions: number): Mean | undefined {
  if (bytes.length !== dimensions * 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const mean = Float32Array.from({ length: dimensions }, (_, at) => view.getFloat32(at * 4, true))
  return mean.every(Number.isFinite) ? mean : undefined
}
