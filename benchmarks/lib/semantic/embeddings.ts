import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { energeticEmbedder } from '@granary/semantic'

/** Universal Sentence Encoder lite (Cer et al., 2018) with 8-bit weights. */
export const DIMENSIONS = 512

const BATCH = 64
const FOLDER = join(import.meta.dirname, '../../../.cache/embeddings')

/** Vectors of length 1 of all texts, in one array. Computed once for each list of texts and then read from `.cache/`. */
export async function embedAll(texts: readonly string[], progress: (done: number) => void): Promise<Float32Array> {
  const embedder = energeticEmbedder()
  const digest = createHash('sha256').update(embedder.id).update(JSON.stringify(texts)).digest('hex').slice(0, 24)
  const file = join(FOLDER, `${digest}.f32`)
  if (existsSync(file)) {
    const bytes = readFileSync(file)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
  }
  const all = new Float32Array(texts.length * DIMENSIONS)
  for (let at = 0; at < texts.length; at += BATCH) {
    const embeddings = await embedder.embed(texts.slice(at, at + BATCH))
    for (const [row, { vector }] of embeddings.entries()) all.set(vector, (at + row) * DIMENSIONS)
    progress(Math.min(texts.length, at + BATCH))
  }
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(file, new Uint8Array(all.buffer))
  return all
}
