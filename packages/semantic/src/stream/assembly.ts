import type { ChatCompletion, Choice, Usage } from '../answer/chat-completion.ts'
import { type ChatChunk, type ChunkChoice, choicesOf } from './chat-chunk.ts'

type Fields = Record<string, unknown>

/** One answer as it grows. */
interface Growing {
  readonly message: Fields
  readonly fields: Fields
  finish: string | null
}

/** Fields of deltas that name a thing and are not text to be appended. */
const NAMES: ReadonlySet<string> = new Set(['role', 'id', 'type', 'index'])

/**
 * Puts a stream together: the completion that the model would have given had it not streamed. Texts of deltas are appended, in
 * whatever field they stand; parts of lists (tool calls) are joined by their `index`; other fields are taken as they come last.
 */
export function assemble(chunks: readonly ChatChunk[]): ChatCompletion {
  const envelope: Fields = {}
  const growing = new Map<number, Growing>()
  let usage: Usage | undefined
  for (const chunk of chunks) {
    const { choices, usage: used, obfuscation: _, ...fields } = chunk
    usage = used ?? usage
    // What is sent between the chunks of an answer is no part of it.
    if (choices === undefined) continue
    for (const [name, value] of Object.entries(fields)) set(envelope, name, value)
    for (const choice of choicesOf(chunk)) grow(growing, choice)
  }
  if (envelope['object'] === 'chat.completion.chunk') envelope['object'] = 'chat.completion'
  const ordered = [...growing].sort(([one], [other]) => one - other)
  return {
    ...envelope,
    choices: ordered.map(([index, { message, fields, finish }]) => finished(index, message, { ...fields, finish })),
    ...(usage === undefined ? {} : { usage }),
  }
}

function finished(index: number, message: Fields, { finish, ...fields }: Fields): Choice {
  const calls = message['tool_calls']
  return {
    ...fields,
    index,
    message: {
      role: 'assistant',
      content: null,
      ...message,
      ...(Array.isArray(calls) ? { tool_calls: calls.map(({ index: _, ...call }: Fields) => call) } : {}),
    },
    finish_reason: finish as string | null,
  }
}

function grow(
  growing: Map<number, Growing>,
  { index = 0, delta, finish_reason: finish, ...fields }: ChunkChoice,
): void {
  const found = growing.get(index) ?? { message: {}, fields: {}, finish: null }
  growing.set(index, found)
  append(found.message, delta ?? {})
  append(found.fields, fields)
  found.finish = finish ?? found.finish
}

/** Adds a delta to what is there: text to text, list to list, object into object. */
function append(target: Fields, delta: Fields): void {
  for (const [name, value] of Object.entries(delta)) {
    if (value === undefined) continue
    const before = target[name]
    if (before === undefined || before === null) set(target, name, copied(value))
    else if (value === null) continue
    else if (typeof before === 'string' && typeof value === 'string' && !NAMES.has(name))
      set(target, name, before + value)
    else if (Array.isArray(before) && Array.isArray(value)) joinLists(before, value)
    else if (isFields(before) && isFields(value)) append(before, value)
    else set(target, name, value)
  }
}

/** Parts with an `index` belong to the element that has it; others are new elements. */
function joinLists(before: unknown[], value: readonly unknown[]): void {
  for (const part of value) {
    const index = isFields(part) ? part['index'] : undefined
    const same = index === undefined ? undefined : before.find((each) => isFields(each) && each['index'] === index)
    if (isFields(same) && isFields(part)) append(same, part)
    else before.push(copied(part))
  }
}

/** A list that begins may hold several parts of one element already. */
function copied(value: unknown): unknown {
  if (Array.isArray(value)) {
    const list: unknown[] = []
    joinLists(list, value)
    return list
  }
  if (!isFields(value)) return value
  const made: Fields = {}
  append(made, value)
  return made
}

/** Assigns as an own property, whatever its name. */
function set(target: Fields, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
