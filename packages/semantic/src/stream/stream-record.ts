import { type ChatChunk, type ChunkChoice, choicesOf, deltaOf } from './chat-chunk.ts'

/**
 * How an answer streamed, without its text: a plain chunk is the length of its piece of the text, any other one is kept whole. The
 * pieces of the stored text with these lengths are the chunks again, one by one.
 */
export interface StreamRecord {
  /** A plain chunk without its piece of the text; undefined when none was plain. */
  readonly template: ChatChunk | undefined
  /** Lengths of plain chunks in UTF-16 units, and other chunks, in their order. */
  readonly steps: readonly (number | ChatChunk)[]
}

/**
 * Makes the record of a stream's chunks. Plain is a chunk that adds text to the one answer and is otherwise equal to the first
 * such chunk; `obfuscation`, padding against listeners of the line, is not kept.
 */
export function recordOf(chunks: readonly ChatChunk[]): StreamRecord {
  let template: ChatChunk | undefined
  let likeness = ''
  const steps = chunks.map((given) => {
    const chunk = withoutPadding(given)
    const piece = pieceOf(chunk)
    if (piece === undefined) return chunk
    const bare = withPiece(chunk, '')
    const shape = JSON.stringify(bare)
    if (template === undefined) {
      template = bare
      likeness = shape
    }
    return shape === likeness ? piece.length : chunk
  })
  return { template, steps }
}

/**
 * The chunks of a record. Their texts, put together, are `text`, byte for byte.
 *
 * @param text - The text of the answer's first choice.
 */
export function chunksOf({ template, steps }: StreamRecord, text: string): ChatChunk[] {
  let at = 0
  return steps.map((step) => {
    if (typeof step !== 'number' || template === undefined) {
      const chunk = step as ChatChunk
      at += contentOf(chunk).length
      return chunk
    }
    const piece = text.slice(at, at + step)
    at += step
    return withPiece(template, piece)
  })
}

/** The text that a chunk adds to the first answer. */
function contentOf(chunk: ChatChunk): string {
  let content = ''
  for (const choice of choicesOf(chunk)) if ((choice.index ?? 0) === 0) content += deltaOf(choice).content ?? ''
  return content
}

/** The piece of a plain chunk; undefined for any other. */
function pieceOf(chunk: ChatChunk): string | undefined {
  const [choice, second] = choicesOf(chunk)
  if (choice === undefined || second !== undefined || (choice.index ?? 0) !== 0) return undefined
  if ((choice.finish_reason ?? null) !== null) return undefined
  const delta = deltaOf(choice)
  return typeof delta.content === 'string' && Object.keys(delta).length === 1 ? delta.content : undefined
}

function withPiece(chunk: ChatChunk, content: string): ChatChunk {
  const choice = chunk.choices[0] as ChunkChoice
  return { ...chunk, choices: [{ ...choice, delta: { ...choice.delta, content } }] }
}

function withoutPadding(chunk: ChatChunk): ChatChunk {
  if (!('obfuscation' in chunk)) return chunk
  const { obfuscation: _, ...rest } = chunk
  return rest
}
