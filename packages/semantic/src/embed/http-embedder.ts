import {
  type Clock,
  type Duration,
  InvalidOption,
  parseDuration,
  type Random,
  systemClock,
  systemRandom,
} from '@granary/core'
import type { Embedder, Embedding } from './embedder.ts'
import { EmbedderUnavailable } from './embedder-unavailable.ts'
import { gatherTexts } from './gathered-texts.ts'
import { answerOf, readEmbeddings } from './http-answer.ts'

/** Options of {@link httpEmbedder}. */
export interface HttpEmbedderOptions {
  /** Where the API begins; `/embeddings` is appended. For example `https://api.openai.com/v1`. */
  readonly url: string
  /** The model's name at the API; part of the embedder's id. */
  readonly model: string
  /** Length of the model's vectors, from 1 to 16,384. Asked for only with `sendDimensions`. */
  readonly dimensions: number
  /** Longest text in tokens of the model. */
  readonly maxTokens: number
  /** Sent as a bearer token; nowhere else, and in no message. */
  readonly apiKey?: string
  /** Whether to ask for vectors of this length, for models that can shorten them. Default: false. */
  readonly sendDimensions?: boolean
  /** Counts tokens. Default: bytes, of which no text has fewer than tokens; longer texts are then matched exactly only. */
  readonly countTokens?: (text: string) => number
  /** Texts in one request, from 1 to 2,048. Default: 96. */
  readonly batchSize?: number
  /** How long an answer may take, its retry included. Default: `'2s'`. */
  readonly deadline?: Duration
  /** Requests after one that failed by the network, with 429 or with 5xx, from 0 to 5. Default: 1. */
  readonly retries?: number
  /** Sent with every request, beside those of the protocol. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Default: the global one. */
  readonly fetch?: typeof fetch
  /** Default: the system's. */
  readonly clock?: Clock
  /** Default: the system's. */
  readonly random?: Random
}

/** Milliseconds before the first retry; twice as many before each further one, jittered by half. */
const FIRST_PAUSE = 50

/**
 * An embedder behind an OpenAI-compatible API (`POST /embeddings`): OpenAI, Azure, vLLM, Ollama, text-embeddings-inference and others.
 *
 * Texts asked for in one turn of the event loop share a request. A failure is tried again within the deadline, later when the
 * server says so (`Retry-After`). Texts that are too long are not sent. It rejects with {@link EmbedderUnavailable}.
 *
 * @throws InvalidOption when an option cannot be used.
 */
export function httpEmbedder(options: HttpEmbedderOptions): Embedder {
  const { model, dimensions, maxTokens, countTokens = byteLength, batchSize = 96 } = options
  const deadline = parseDuration(options.deadline ?? '2s', 'deadline')
  if (typeof model !== 'string' || model === '') throw new InvalidOption('model', model, 'it is the name of a model')
  if (!URL.canParse(options.url) || !/^https?:$/.test(new URL(options.url).protocol))
    throw new InvalidOption('url', options.url, 'it is an http or https URL')
  wholeOption('dimensions', dimensions, 1, 16_384)
  wholeOption('maxTokens', maxTokens, 1, 1_000_000)
  wholeOption('batchSize', batchSize, 1, 2_048)
  wholeOption('retries', options.retries ?? 1, 0, 5)
  const endpoint = new Endpoint(options, deadline)
  const gathered = gatherTexts((texts, signal) => endpoint.embed(texts, signal), batchSize)
  return {
    id: `http-${model}-${dimensions}`,
    dimensions,
    maxTokens,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      const nothing = (truncated: boolean): Embedding => ({ vector: new Float32Array(dimensions), truncated })
      const fits = texts.map((text) => countTokens(text) <= maxTokens)
      const sent = texts.filter((text, at) => fits[at] && text !== '')
      const vectors = (sent.length === 0 ? [] : await gathered(sent, signal)).values()
      return texts.map(
        (text, at): Embedding =>
          fits[at] && text !== ''
            ? { vector: vectors.next().value as Float32Array, truncated: false }
            : nothing(!fits[at]),
      )
    },
  }
}

/** One API and how it is asked. */
class Endpoint {
  readonly #options: HttpEmbedderOptions
  readonly #deadline: number
  readonly #clock: Clock
  readonly #random: Random

  constructor(options: HttpEmbedderOptions, deadline: number) {
    this.#options = options
    this.#deadline = deadline
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? systemRandom
  }

  /** The vectors of texts, in their order. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const { retries = 1, dimensions } = this.#options
    const limit = new AbortController()
    const stop = () => limit.abort(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    const cancel = this.#clock.schedule(this.#deadline, () =>
      limit.abort(new EmbedderUnavailable(`The embedding API did not answer within ${this.#deadline} ms.`)),
    )
    try {
      for (let attempt = 0; ; attempt++) {
        const answer = await this.#post(texts, limit.signal)
        if (answer.kind === 'answer') return readEmbeddings(answer.body, texts.length, dimensions)
        if (!answer.retriable || attempt >= retries) throw answer.failure
        await this.#pause(attempt, answer.after, limit.signal)
      }
    } finally {
      cancel()
      signal.removeEventListener('abort', stop)
    }
  }

  async #post(texts: readonly string[], signal: AbortSignal) {
    const { url, model, apiKey, dimensions, sendDimensions = false, headers, fetch: send = fetch } = this.#options
    const body = { model, input: texts, encoding_format: 'float', ...(sendDimensions ? { dimensions } : {}) }
    const request = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        ...headers,
      },
      body: JSON.stringify(body),
      signal,
    }
    return answerOf(send(`${url.replace(/\/+$/, '')}/embeddings`, request), signal)
  }

  #pause(attempt: number, after: number | undefined, signal: AbortSignal): Promise<void> {
    const pause = Math.max(after ?? 0, FIRST_PAUSE * 2 ** attempt * (0.5 + this.#random.next()))
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.schedule(pause, () => {
        signal.removeEventListener('abort', leave)
        resolve()
      })
      const leave = () => {
        cancel()
        reject(signal.reason)
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    })
  }
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

function wholeOption(option: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidOption(
      option,
      value,
      `it is a whole number from ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`,
    )
}
