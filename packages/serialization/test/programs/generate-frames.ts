/** Writes the golden frames that are missing: `npx tsx packages/serialization/test/programs/generate-frames.ts`. Existing files are left as they are. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { FOLDER, golden } from '../frames/golden.ts'

const folder = new URL(`../frames/${FOLDER}/`, import.meta.url)
mkdirSync(folder, { recursive: true })
for (const { file, write } of golden) {
  const path = new URL(file, folder)
  if (!existsSync(path)) writeFileSync(path, write())
}
