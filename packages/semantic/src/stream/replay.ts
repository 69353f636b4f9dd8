import { type Clock, InvalidOption } from '@granary/core'
import { answerText, type ChatCompletion, type Choice, callsTools } from '../answer/chat-completion.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { ChatRequest } from '../request/chat-request.ts'
import { type ChatChunk, isUsageChunk } from './chat-chunk.ts'
import { chunksOf } from './stream-record.ts'

/** How a stored answer is streamed to a caller. */
export interface Pacing {
  /** Chunks a second. Default: as fast as they are taken. */
  readonly chunksPerSecond?: number
}

/**
 * Refuses a pace that is none.
 *
 * @throws InvalidOption when the rate is not a number above 0.
 */
export function checkPacing({ chunksPerSecond: rate }: Pacing): void {
  if (rate !== undefined && !(typeof rate === 'number' && rate > 0 && rate < Number.POSITIVE_INFINITY))
    throw new InvalidOption('pacing: chunksPerSecond', rate, 'it is a number above 0')
}

/**
 * The chunks of a stored answer as `request` wants them: with the boundaries it was streamed with, or word by word when it was
 * not; what was used comes last, and only when `stream_options.include_usage` asks for it.
 */
export function replayChunks(
  { completion, record }: Pick<StoredAnswer, 'completion' | 'record'>,
  request: ChatRequest,
) {
  const chunks = record === undefined ? regrouped(completion) : chunksOf(record, answerText(completion) ?? '')
  const wanted = wantsUsage(request)
  const kept = chunks.filter((chunk) => !isUsageChunk(chunk))
  if (!wanted) return kept
  const usage = chunks.find(isUsageChunk) ?? usageChunk(completion, kept)
  return usage === undefined ? kept : [...kept, usage]
}

/** Hands chunks out, at a pace if there is one. */
export async function* paced(
  chunks: readonly ChatChunk[],
  { chunksPerSecond }: Pacing,
  { clock, signal }: { clock: Clock; signal: AbortSignal | undefined },
): AsyncGenerator<ChatChunk, void, undefined> {
  const start = clock.now()
  for (const [at, chunk] of chunks.entries()) {
    signal?.throwIfAborted()
    const due = chunksPerSecond === undefined ? start : start + (at * 1_000) / chunksPerSecond
    if (due > clock.now()) await waitFor(clock, due, signal)
    yield chunk
  }
}

/** Whether a request wants to be told at the end what was used. */
export function wantsUsage({ stream_options: options }: ChatRequest): boolean {
  return (options as { readonly include_usage?: unknown } | null | undefined)?.include_usage === true
}

/** A text as it might have been streamed: word by word, the blanks with the word before. Put together it is the text. */
export function wordsOf(text: string): readonly string[] {
  return text.match(/\s*\S+\s*|\s+$/gu) ?? []
}

function regrouped({ choices, usage: _, ...envelope }: ChatCompletion): ChatChunk[] {
  const outer = envelope['object'] === 'chat.completion' ? { ...envelope, object: 'chat.completion.chunk' } : envelope
  return choices.flatMap((choice) => choiceDeltas(choice).map((given) => ({ ...outer, choices: [given] })))
}

function choiceDeltas(choice: Choice): ChatChunk['choices'][number][] {
  const { index = 0, message, finish_reason: finish = 'stop', ...fields } = choice
  const { content, role = 'assistant', tool_calls: calls, ...others } = message
  const listed = callsTools(choice) && Array.isArray(calls) ? { tool_calls: calls.map(indexed) } : {}
  const step = (delta: object) => ({ index, delta, finish_reason: null })
  return [
    step({ role, ...(content === null ? {} : { content: '' }), ...others, ...listed }),
    ...wordsOf(content ?? '').map((word) => step({ content: word })),
    { ...fields, index, delta: {}, finish_reason: finish },
  ]
}

function indexed(call: object, index: number): object {
  return { index, ...call }
}

function usageChunk({ usage }: ChatCompletion, chunks: readonly ChatChunk[]): ChatChunk | undefined {
  if (usage === undefined || usage === null) return undefined
  const { choices: _, usage: __, ...envelope } = chunks[0] ?? { choices: [] }
  return { ...envelope, choices: [], usage }
}

function waitFor(clock: Clock, instant: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = clock.schedule(Math.max(0, instant - clock.now()), () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
