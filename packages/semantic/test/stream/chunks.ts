import fc from 'fast-check'
import type { ChatChunk, ChunkChoice, Usage } from '../../src/index.ts'

const ENVELOPE = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'small' }

/** A chunk as a provider sends it. */
export function chunk(delta: ChunkChoice['delta'], finish: string | null = null): ChatChunk {
  return { ...ENVELOPE, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] }
}

/** A whole stream that says `pieces` one by one. */
export function streamOf(pieces: readonly string[], finish: string | null = 'stop', usage?: Usage): ChatChunk[] {
  return [
    chunk({ role: 'assistant', content: '' }),
    ...pieces.map((content) => chunk({ content })),
    ...(finish === null ? [] : [chunk({}, finish)]),
    ...(usage === undefined ? [] : [{ ...ENVELOPE, choices: [], usage }]),
  ]
}

/** Texts in pieces, cut anywhere, through surrogate pairs too. */
export const pieces = fc
  .tuple(fc.string({ unit: 'binary', maxLength: 60 }), fc.array(fc.nat(60), { maxLength: 12 }))
  .map(([text, cuts]) => {
    const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
      (a, b) => a - b,
    )
    return places.slice(1).map((end, at) => text.slice(places[at], end))
  })

/** What the chunks say, put together. */
export function said(chunks: readonly ChatChunk[]): string {
  return chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}

/** All chunks of a stream. */
export async function collect(chunks: AsyncIterable<ChatChunk>): Promise<ChatChunk[]> {
  const all: ChatChunk[] = []
  for await (const each of chunks) all.push(each)
  return all
}
