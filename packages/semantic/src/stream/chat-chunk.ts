import type { Usage } from '../answer/chat-completion.ts'

/** One choice's share of a chunk. */
export interface ChunkChoice {
  readonly index?: number
  readonly delta: { readonly role?: string; readonly content?: string | null; readonly [field: string]: unknown }
  readonly finish_reason?: string | null
  readonly [field: string]: unknown
}

/** One event of an OpenAI-shaped stream. */
export interface ChatChunk {
  readonly choices: readonly ChunkChoice[]
  readonly usage?: Usage | null
  readonly [field: string]: unknown
}

/** What may be streamed: any chunk type of a client library that has these fields. */
export interface ChunkShape {
  readonly choices: readonly { readonly delta: { readonly content?: string | null } }[]
}

/** The choices of a chunk: none where a server sends something else between, a sign of life or an error. */
export function choicesOf({ choices }: ChatChunk): readonly ChunkChoice[] {
  return Array.isArray(choices) ? (choices as readonly ChunkChoice[]) : []
}

/** What a choice adds: nothing where it only says how it ended. */
export function deltaOf({ delta }: ChunkChoice): ChunkChoice['delta'] {
  return (delta as ChunkChoice['delta'] | null | undefined) ?? {}
}

/** Whether a chunk holds nothing but what was used: it comes last, and only to those who asked for it. */
export function isUsageChunk(chunk: ChatChunk): boolean {
  return choicesOf(chunk).length === 0 && (chunk.usage ?? null) !== null
}
