import type { Usage } from '../answer/chat-completion.ts'
import type { ChatChunk } from '../stream/chat-chunk.ts'
import type { Content, GenerateResult, Part } from './model-types.ts'

type Finish = Extract<Part, { type: 'finish' }>

/** A part of a stream as a chunk: text stands where chunks have it, any other part is carried along. */
export function chunkOf(part: Part): ChatChunk {
  switch (part.type) {
    case 'text-delta': {
      const { delta, type: _, ...rest } = part
      return { choices: [{ index: 0, delta: { content: delta } }], text: rest }
    }
    case 'tool-call': {
      const call = { id: part.toolCallId, type: 'function', function: { name: part.toolName, arguments: part.input } }
      return { choices: [{ index: 0, delta: { tool_calls: [call] } }], part }
    }
    case 'finish':
      return { choices: [{ index: 0, delta: {}, finish_reason: finishOf(part) }], usage: usageOf(part), part }
    default:
      return { choices: [], part }
  }
}

/** The part that a chunk carries. */
export function partOf({ choices, text, part }: ChatChunk): Part {
  if (part !== undefined) return part as Part
  return { type: 'text-delta', ...(text as { id: string }), delta: choices[0]?.delta.content ?? '' }
}

/** What was generated, as the stream that it might have been. */
export function partsOf(result: GenerateResult): Part[] {
  const { content, finishReason, usage, providerMetadata, warnings, response } = result
  const { headers: _, body: __, ...metadata } = response ?? {}
  return [
    { type: 'stream-start', warnings },
    ...(Object.keys(metadata).length === 0 ? [] : [{ type: 'response-metadata' as const, ...metadata }]),
    ...content.flatMap(contentParts),
    { type: 'finish', finishReason, usage, ...(providerMetadata === undefined ? {} : { providerMetadata }) },
  ]
}

/** A stream put together. */
export function resultOf(parts: readonly Part[]): GenerateResult {
  const content: Content[] = []
  const open = new Map<string, { text: string }>()
  let warnings: GenerateResult['warnings'] = []
  let response: GenerateResult['response']
  let finish: Finish | undefined
  for (const part of parts) {
    if (part.type === 'stream-start') warnings = part.warnings
    else if (part.type === 'response-metadata') response = withoutType(part)
    else if (part.type === 'finish') finish = part
    else grow(content, open, part)
  }
  return {
    content,
    finishReason: finish?.finishReason ?? { unified: 'other', raw: undefined },
    usage: finish?.usage ?? NOTHING_USED,
    ...(finish?.providerMetadata === undefined ? {} : { providerMetadata: finish.providerMetadata }),
    ...(response === undefined ? {} : { response }),
    warnings,
  }
}

const NOTHING_USED: GenerateResult['usage'] = {
  inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
}

function grow(content: Content[], open: Map<string, { text: string }>, part: Part): void {
  switch (part.type) {
    case 'text-start':
    case 'reasoning-start': {
      const { id, type, ...rest } = part
      const piece = { type: type === 'text-start' ? ('text' as const) : ('reasoning' as const), text: '', ...rest }
      open.set(`${piece.type} ${id}`, piece)
      content.push(piece)
      break
    }
    case 'text-delta':
    case 'reasoning-delta': {
      const piece = open.get(`${part.type === 'text-delta' ? 'text' : 'reasoning'} ${part.id}`)
      if (piece !== undefined) piece.text += part.delta
      break
    }
    case 'text-end':
    case 'reasoning-end': {
      const { id, type, ...rest } = part
      Object.assign(open.get(`${type === 'text-end' ? 'text' : 'reasoning'} ${id}`) ?? {}, rest)
      break
    }
    case 'tool-input-start':
    case 'tool-input-delta':
    case 'tool-input-end':
    case 'stream-start':
    case 'response-metadata':
    case 'finish':
    case 'ping':
    case 'raw':
    case 'error':
      break
    default:
      content.push(part)
  }
}

function contentParts(piece: Content, at: number): Part[] {
  if (piece.type !== 'text' && piece.type !== 'reasoning') return [piece]
  const { type, text, ...rest } = piece
  const id = String(at)
  const [start, delta, end] = [`${type}-start`, `${type}-delta`, `${type}-end`]
  return [
    { type: start, id, ...rest },
    { type: delta, id, delta: text },
    { type: end, id },
  ] as Part[]
}

function withoutType({ type: _, ...rest }: Extract<Part, { type: 'response-metadata' }>) {
  return rest
}

function finishOf({ finishReason: { unified } }: Finish): string {
  return unified === 'tool-calls' ? 'tool_calls' : unified === 'content-filter' ? 'content_filter' : unified
}

function usageOf({ usage: { inputTokens, outputTokens } }: Finish): Usage {
  const [prompt, completion] = [inputTokens.total ?? 0, outputTokens.total ?? 0]
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion }
}
