/** The OpenAI-shaped chat request, as far as the cache reads it; every other field counts for the exact key and is passed on. */

/** One part of a message: text, or something that the semantic layer does not read. */
export type MessagePart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: string; readonly [field: string]: unknown }

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool' | (string & {})
  /** A text, parts, or null where the message is a tool call. */
  readonly content?: string | readonly MessagePart[] | null
  readonly [field: string]: unknown
}

/** What is asked of a model. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** Whether the answer is wanted as a stream; one entry serves both. */
  readonly stream?: boolean | null
  readonly temperature?: number | null
  readonly [field: string]: unknown
}

/** What may be asked: any request type of a client library that has these fields. */
export interface RequestShape {
  readonly model: string
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[]
}

/** The text of a message; undefined when it is not all text. */
export function textOf({ content }: ChatMessage): string | undefined {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const texts = content.map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : undefined))
  return texts.includes(undefined) ? undefined : texts.join('\n')
}
