import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChatProvider } from './chat-provider.ts'
import { type ChatChunk, type ChatCompletion, type ChatRequest, textOf, type Usage, usageOf } from './completion.ts'
import { promptTokens } from './tokens.ts'

/** How a {@link FakeProvider} behaves; all of it may be changed while it runs. */
export interface FakeProviderSettings {
  /** Milliseconds until the first token, and from each token to the next. */
  readonly latency: { readonly first: number; readonly perToken: number }
  /** Dollars per token. */
  readonly price: { readonly input: number; readonly output: number }
  /** Makes every request fail with this, until it is undefined again. */
  readonly failure: Error | undefined
  /** What a question means: questions of one meaning get one answer. Undefined: each means itself. */
  readonly meaning: ((question: string) => string) | undefined
}

const SETTINGS: FakeProviderSettings = {
  latency: { first: 50, perToken: 2 },
  price: { input: 0.000_001, output: 0.000_003 },
  failure: undefined,
  meaning: undefined,
}

/** Words of its answers; each is one token. */
const WORDS =
  'a and are as at be by can every find for from give good has have here in is it its keep last less long make may more most much need next no not of on one or other over pass rest same see so some than that the their then there this time to two under up use was well what when where which who will with word work year yes yet you'.split(
    ' ',
  )

/** The longest answer, in tokens, and the shortest. */
const LONGEST = 48
const SHORTEST = 8

/**
 * Stands in for a provider of models: it takes its time, counts tokens, has its price, and gives the same answer to the
 * same messages for the same model. It counts what it was asked, so that nobody can claim to have saved a call and not have.
 */
export class FakeProvider implements ChatProvider {
  #settings: FakeProviderSettings
  #calls = 0
  #running = 0
  #spent = 0

  constructor(settings: Partial<FakeProviderSettings> = {}) {
    this.#settings = { ...SETTINGS, ...settings }
  }

  /** Requests that reached it. */
  get calls(): number {
    return this.#calls
  }

  /** Requests that it is working on. */
  get running(): number {
    return this.#running
  }

  /** Dollars that its answers have cost, those included that nobody waited for to the end. */
  get spent(): number {
    return this.#spent
  }

  /** Changes how it behaves from the next request on. */
  set(settings: Partial<FakeProviderSettings>): void {
    this.#settings = { ...this.#settings, ...settings }
  }

  async complete(request: ChatRequest, signal: AbortSignal): Promise<ChatCompletion> {
    const { latency, meaning } = this.#settings
    const { words, finish } = answerTo(request, meaning)
    return this.#work(request, async (use) => {
      await pause(latency.first + latency.perToken * words.length, signal)
      const usage = use(words.length)
      return {
        ...head(request),
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: words.join(' ') }, finish_reason: finish }],
        usage,
      }
    })
  }

  async *stream(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatChunk, void, undefined> {
    const { latency, meaning } = this.#settings
    const { words, finish } = answerTo(request, meaning)
    const started = this.#begin(request)
    const common = { ...head(request), object: 'chat.completion.chunk', usage: null } as const
    try {
      await pause(latency.first, signal)
      yield { ...common, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }
      for (const [index, word] of words.entries()) {
        if (index > 0) await pause(latency.perToken, signal)
        started.tokens = index + 1
        yield {
          ...common,
          choices: [{ index: 0, delta: { content: index === 0 ? word : ` ${word}` }, finish_reason: null }],
        }
      }
      yield { ...common, choices: [{ index: 0, delta: {}, finish_reason: finish }] }
      yield { ...common, choices: [], usage: usageOf(promptTokens(request), words.length) }
    } finally {
      started.end()
    }
  }

  async #work<T>(request: ChatRequest, body: (use: (tokens: number) => Usage) => Promise<T>): Promise<T> {
    const started = this.#begin(request)
    try {
      return await body((tokens) => {
        started.tokens = tokens
        return usageOf(promptTokens(request), tokens)
      })
    } finally {
      started.end()
    }
  }

  /** Counts a request; `end` adds what it has cost by then. */
  #begin(request: ChatRequest): { tokens: number; end: () => void } {
    const { failure, price } = this.#settings
    this.#calls += 1
    if (failure !== undefined) throw failure
    this.#running += 1
    const started = {
      tokens: 0,
      end: () => {
        this.#running -= 1
        this.#spent += promptTokens(request) * price.input + started.tokens * price.output
      },
    }
    return started
  }
}

interface Answer {
  readonly words: readonly string[]
  readonly finish: 'stop' | 'length'
}

/** The answer to a request: it depends on the model, what the messages mean and `max_tokens`, and on nothing else. */
export function answerTo(
  { model, messages, max_tokens: bound = LONGEST }: ChatRequest,
  meaning: FakeProviderSettings['meaning'] = (question) => question,
): Answer {
  const text = JSON.stringify([model, messages.map((message) => [message.role, meaning(textOf(message))])])
  const digest = createHash('sha256').update(text).digest()
  const length = SHORTEST + (digest.readUInt16LE(0) % (LONGEST - SHORTEST))
  const words = Array.from({ length: Math.min(length, bound) }, (_, index) => {
    const place = (digest[index % digest.length] as number) + index * (digest[(index + 7) % digest.length] as number)
    return WORDS[place % WORDS.length] as string
  })
  return { words, finish: length > bound ? 'length' : 'stop' }
}

function head({ model }: ChatRequest) {
  return { id: `chatcmpl-${crypto.randomUUID()}`, created: Math.floor(Date.now() / 1_000), model }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal })
  else signal.throwIfAborted()
}
