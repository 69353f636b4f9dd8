import { type Cache, createCache } from '@granary/core'
import { onTestFinished } from 'vitest'
import {
  type AskOptions,
  type ChatChunk,
  type ChatRequest,
  type ChunkChoice,
  createSemanticCache,
  type ModelCall,
  type SemanticCacheOptions,
} from '../src/index.ts'

/** A model that says what it was asked, and can be made to say other things. */
class EchoModel {
  /** The last messages it was asked, in their order. */
  readonly asked: string[] = []
  /** Signals of its calls, in their order. */
  readonly signals: AbortSignal[] = []
  answer = (text: string) => `answer to ${text}`
  finish: string | null = 'stop'
  /** Resolves before it answers. */
  gate: Promise<unknown> = Promise.resolve()
  /** How many chunks were taken from its streams. */
  taken = 0
  /** Streams that were left before their end. */
  left = 0

  readonly complete = async ({ messages }: ChatRequest, { signal }: ModelCall) => {
    const text = this.#hear(messages, signal)
    await this.gate
    signal.throwIfAborted()
    return {
      id: `c${this.asked.length}`,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: this.answer(text) }, finish_reason: this.finish }],
      usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 },
    }
  }

  readonly stream = async ({ messages }: ChatRequest, { signal }: ModelCall) => {
    const text = this.#hear(messages, signal)
    await this.gate
    return this.#chunks(this.answer(text).match(/\S+\s*/g) ?? [])
  }

  #hear(messages: ChatRequest['messages'], signal: AbortSignal): string {
    const text = String(messages.at(-1)?.content)
    this.asked.push(text)
    this.signals.push(signal)
    return text
  }

  async *#chunks(words: readonly string[]): AsyncGenerator<ChatChunk> {
    let isWhole = false
    try {
      const said: ChunkChoice['delta'][] = [
        { role: 'assistant', content: '' },
        ...words.map((content) => ({ content })),
      ]
      for (const delta of said) {
        this.taken += 1
        yield { id: 's', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: null }] }
      }
      isWhole = true
      if (this.finish !== null)
        yield {
          id: 's',
          object: 'chat.completion.chunk',
          choices: [{ index: 0, delta: {}, finish_reason: this.finish }],
        }
    } finally {
      if (!isWhole) this.left += 1
    }
  }
}

/** A semantic cache in memory and a model beneath it. */
export function stage(options: Partial<SemanticCacheOptions> = {}) {
  const cache: Cache = options.cache ?? createCache({ namespace: 'test' })
  const model = new EchoModel()
  const semantic = createSemanticCache({
    cache,
    partition: (request) => request['user'] as string,
    ttl: '1h',
    match: { threshold: 0.6 },
    ...options,
  })
  onTestFinished(() => semantic.close())
  const request = (content: string, fields: object = {}): ChatRequest => ({
    model: 'small',
    temperature: 0,
    user: 'ada',
    messages: [{ role: 'user', content }],
    ...fields,
  })
  return {
    cache,
    model,
    semantic,
    request,
    /** Asks, and lets what comes after the answer end. */
    async ask(content: string, fields: object = {}, asking?: AskOptions) {
      const answered = await semantic.ask(request(content, fields), model.complete, asking)
      await semantic.whenIdle()
      return answered
    },
    stream: (content: string, fields: object = {}, asking?: AskOptions) =>
      semantic.askStream(request(content, { stream: true, ...fields }), model.stream, asking),
  }
}
