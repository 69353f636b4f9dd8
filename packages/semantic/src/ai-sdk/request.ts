import type { ChatMessage, ChatRequest, MessagePart } from '../request/chat-request.ts'
import type { CallOptions, Model } from './model-types.ts'

/**
 * A call of the AI SDK as a chat request: the prompt as messages, everything else as parameters. Headers are no part of the
 * question, and neither is who may cancel it, nor raw chunks that nobody wants.
 */
export function requestOf(model: Pick<Model, 'provider' | 'modelId'>, params: CallOptions): ChatRequest {
  const { prompt, abortSignal: _, headers: __, includeRawChunks: raw, ...parameters } = params
  return {
    ...(plain(parameters) as object),
    ...(raw === true ? { includeRawChunks: raw } : {}),
    provider: model.provider,
    model: model.modelId,
    messages: prompt.map(({ role, content, ...rest }) => ({ ...(plain(rest) as object), role, ...contentOf(content) })),
  }
}

function contentOf(content: string | readonly { readonly type: string }[]): Omit<ChatMessage, 'role'> {
  if (typeof content === 'string') return { content }
  const calls = content.filter(({ type }) => type === 'tool-call').map((call) => plain(call))
  const parts = content.map((part) => plain(part) as MessagePart)
  return calls.length === 0 ? { content: parts } : { content: parts, tool_calls: calls }
}

/** Values that have a canonical text: URLs become texts; what is undefined is left out, as it is when it is sent. */
function plain(value: unknown): unknown {
  if (value instanceof URL) return value.href
  if (value instanceof Uint8Array || value instanceof Date || typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  const entries = Object.entries(value).filter(([, field]) => field !== undefined && typeof field !== 'function')
  return Object.fromEntries(entries.map(([name, field]) => [name, plain(field)]))
}
