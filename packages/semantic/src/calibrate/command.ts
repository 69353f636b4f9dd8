/** `granary calibrate`: which threshold, on one's own labels. Found by the `granary` command line through `granary.commands`. */
import { readFile, writeFile } from 'node:fs/promises'
import { GranaryError, systemRandom } from '@granary/core'
import type { Embedder } from '../embed/embedder.ts'
import { energeticEmbedder } from '../embed/energetic-embedder.ts'
import { lexicalEmbedder } from '../embed/lexical-embedder.ts'
import { dot } from '../embed/vector.ts'
import { type CalibrateArguments, readArguments, USAGE } from './arguments.ts'
import { readLog, readPairs } from './labelled-input.ts'
import { plot } from './plot.ts'
import { type Rehearsal, rehearse } from './rehearsal.ts'
import { advice, table } from './report.ts'
import { type LabelledSimilarity, sweep } from './sweep.ts'

/** Where a command writes: what it found to `out`, how far it is to `progress`. */
export interface CommandOutput {
  out(text: string): void
  progress(text: string): void
}

/** What the command line shows of this command. */
export const summary = 'finds a similarity threshold from labelled pairs or a log'

const BATCH = 64
/** Progress is told of every so many requests. */
const TOLD = 500

/**
 * Runs the command.
 *
 * @returns the exit code: 0, or 2 for arguments or files that cannot be used.
 */
export async function run(args: readonly string[], output: CommandOutput): Promise<number> {
  if (args.length === 0 || args.includes('--help')) {
    output.out(USAGE)
    return args.length === 0 ? 2 : 0
  }
  try {
    await calibrate(readArguments(args), output)
    return 0
  } catch (error) {
    if (!GranaryError.isInstance(error) && !isMissingFile(error)) throw error
    output.progress(`${(error as Error).message}\n`)
    return 2
  }
}

async function calibrate(options: CalibrateArguments, output: CommandOutput): Promise<void> {
  const { file, svg, json, maxWrongPerHit, confidence } = options
  const { labels, rehearsal } = await labelsOf(options, output)
  const found = sweep(labels, { maxWrongPerHit, confidence })
  if (svg !== undefined) await writeFile(svg, plot(found, `${file}: ${labels.length} labels`))
  if (json)
    output.out(
      `${JSON.stringify({ labels: labels.length, ...found, rehearsal: rehearsal && { ...rehearsal, nearest: undefined } })}\n`,
    )
  else output.out(`${table(found)}\n${advice(found, options, rehearsal)}`)
}

interface Labels {
  readonly labels: readonly LabelledSimilarity[]
  readonly rehearsal: Rehearsal | undefined
}

async function labelsOf(
  { kind, file, embedder: name, maxWrongPerHit }: CalibrateArguments,
  output: CommandOutput,
): Promise<Labels> {
  const embedder = name === 'use-lite' ? energeticEmbedder() : lexicalEmbedder()
  const content = await readFile(file, 'utf8')
  if (kind === 'pairs') {
    const pairs = readPairs(content)
    const vectors = await embedded(
      embedder,
      pairs.flatMap(({ text, other }) => [text, other]),
      output,
    )
    const labels = pairs.map(({ same }, at) => ({
      same,
      similarity: dot(vectors[2 * at] as Float32Array, vectors[2 * at + 1] as Float32Array),
    }))
    return { labels, rehearsal: undefined }
  }
  const log = readLog(content)
  const vectors = await embedded(
    embedder,
    log.map(({ text }) => text),
    output,
  )
  const progress = (done: number) => {
    if (done % TOLD === 0 || done === log.length) output.progress(`replayed ${done} of ${log.length}\n`)
  }
  const rehearsal = rehearse(log, vectors, { maxWrongPerHit, chance: () => systemRandom.next(), progress })
  return { labels: rehearsal.nearest, rehearsal }
}

async function embedded(
  embedder: Embedder,
  texts: readonly string[],
  { progress }: CommandOutput,
): Promise<readonly Float32Array[]> {
  const vectors: Float32Array[] = []
  for (let at = 0; at < texts.length; at += BATCH) {
    const embeddings = await embedder.embed(texts.slice(at, at + BATCH))
    vectors.push(...embeddings.map(({ vector }) => vector))
    if (at % (BATCH * 16) === 0 || at + BATCH >= texts.length)
      progress(`embedded ${vectors.length} of ${texts.length}\n`)
  }
  return vectors
}

function isMissingFile(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'EISDIR', 'EACCES'].includes(String(error.code))
}
