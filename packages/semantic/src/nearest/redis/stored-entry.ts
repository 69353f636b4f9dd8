import type { NewIndexEntry } from '../vector-index.ts'

/**
 * An entry as it stands in Redis: a version, the scale of the vector, its components as signed bytes, then id, text and tags as
 * JSON. The answer id is kept beside it, because it changes.
 */
export interface StoredEntry {
  readonly id: string
  readonly text: string
  readonly tags: readonly string[]
  /** Rebuilt from signed bytes: cosines are right to about 0.003. */
  readonly vector: Float32Array
}

const VERSION = 1
const HEADER = 8
const DIMENSIONS_LIMIT = 16_384
/** Longest entry that is written or believed, in bytes. */
export const ENTRY_LIMIT = 256 * 1_024

/** Writes an entry, or answers undefined when it is longer than any that is read. */
export function writeEntry({ id, text, tags, vector }: NewIndexEntry): Uint8Array | undefined {
  const json = Buffer.from(JSON.stringify([id, text, tags]))
  const bytes = Buffer.alloc(HEADER + vector.length + json.length)
  if (bytes.length > ENTRY_LIMIT || vector.length > DIMENSIONS_LIMIT) return undefined
  let largest = 0
  for (const value of vector) largest = Math.max(largest, Math.abs(value))
  const scale = largest === 0 ? 1 : largest / 127
  bytes.writeUInt16LE(VERSION, 0)
  bytes.writeUInt16LE(vector.length, 2)
  bytes.writeFloatLE(scale, 4)
  for (let at = 0; at < vector.length; at++) bytes.writeInt8(Math.round((vector[at] as number) / scale), HEADER + at)
  json.copy(bytes, HEADER + vector.length)
  return bytes
}

/** Reads an entry; undefined for bytes that are none, whoever wrote them. */
export function readEntry(bytes: Uint8Array, dimensions: number): StoredEntry | undefined {
  if (bytes.length <= HEADER + dimensions || bytes.length > ENTRY_LIMIT) return undefined
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (buffer.readUInt16LE(0) !== VERSION || buffer.readUInt16LE(2) !== dimensions) return undefined
  const scale = buffer.readFloatLE(4)
  if (!Number.isFinite(scale) || scale <= 0) return undefined
  const described = parse(buffer.toString('utf8', HEADER + dimensions))
  if (described === undefined) return undefined
  const vector = new Float32Array(dimensions)
  for (let at = 0; at < dimensions; at++) vector[at] = buffer.readInt8(HEADER + at) * scale
  return { ...described, vector }
}

function parse(json: string): Omit<StoredEntry, 'vector'> | undefined {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return undefined
  }
  if (!Array.isArray(parsed)) return undefined
  const [id, text, tags] = parsed as unknown[]
  if (typeof id !== 'string' || typeof text !== 'string' || !Array.isArray(tags)) return undefined
  return tags.every((tag) => typeof tag === 'string') ? { id, text, tags } : undefined
}
