import { argumentsText, digestText } from '@granary/serialization'
import type { ChatMessage, ChatRequest } from './chat-request.ts'
import { type Partition, partitionText } from './partition.ts'

/**
 * What the cache knows of a request: what it is exactly, with what it may be compared, and the text that is compared.
 * Everything in it is derived from the request, so that two processes agree.
 */
export interface CanonicalRequest {
  /** Digest of everything that could change the answer, `stream` left out: the exact layer's key, and the entry's id. */
  readonly key: string
  /** Digest of the hard partition: tenant, model, parameters, tools, format, system prompt, earlier turns, embedder. */
  readonly scope: string
  /** Digest of what a judge learns together: the scope without the tenant and without the conversation. */
  readonly group: string
  /** What is embedded: the last user turn, never the system prompt; undefined when the semantic layer must not be used. */
  readonly text: string | undefined
  /** Why the semantic layer must not be used. */
  readonly ineligible: Ineligibility | undefined
}

/** Why a request is answered by exact match or by the model, and by nothing in between. */
export type Ineligibility =
  | 'no-user-turn'
  | 'not-text'
  | 'tool-results'
  | 'temperature'
  | 'several-answers'
  | 'volatile'
  | 'pronoun'
  | 'truncated'
  | 'code'

/**
 * The canonical form of a request.
 *
 * @throws InvalidOption when the partition function names nobody.
 */
export function canonicalRequest<Request extends ChatRequest>(
  request: Request,
  partition: Partition<Request>,
  embedder: string,
): CanonicalRequest {
  const { stream: _, messages, ...parameters } = request
  const tenant = partitionText(partition, request)
  const last = messages.at(-1)
  const text = last?.role === 'user' ? textOf(last) : undefined
  const before = messages.slice(0, -1)
  const conversation = before.filter(({ role }) => role !== 'system' && role !== 'developer')
  const prompts = before.filter(({ role }) => role === 'system' || role === 'developer')
  const group = digestText(argumentsText([embedder, parameters, prompts]))
  return {
    key: digestText(argumentsText([tenant, parameters, messages])),
    scope: digestText(argumentsText([tenant, group, conversation])),
    group,
    text,
    ineligible: text === undefined ? (last?.role === 'user' ? 'not-text' : 'no-user-turn') : undefined,
  }
}

function textOf({ content }: ChatMessage): string | undefined {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const parts = content.map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : undefined))
  return parts.includes(undefined) ? undefined : parts.join('\n')
}
