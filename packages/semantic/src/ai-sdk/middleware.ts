import type { LanguageModelMiddleware } from 'ai'
import type { Decision } from '../answer/decision.ts'
import { cachePolicyOf, decisionHeaders } from '../answer/headers.ts'
import type { CachePolicy, ModelCall } from '../cache/call.ts'
import type { SemanticCache } from '../cache/semantic-cache.ts'
import type { ChatChunk } from '../stream/chat-chunk.ts'
import type { CallOptions, GenerateResult, Model, Part, StreamResult } from './model-types.ts'
import { chunkOf, partOf, partsOf, resultOf } from './parts.ts'
import { requestOf } from './request.ts'

/** Options of {@link semanticCacheMiddleware}. */
export interface SemanticMiddlewareOptions {
  /**
   * Parameters that are added to each request before the partition, tags and other functions of the cache see it; they count for
   * the key like any other. The tenant, say, which the AI SDK knows nothing of. Default: `providerOptions.granary`, when given.
   */
  readonly parameters?: (params: CallOptions) => Readonly<Record<string, unknown>>
}

/**
 * A middleware for language models of the AI SDK (`ai` 7, model specification v4): `generateText`, `streamText` and the like are
 * answered from the semantic cache. One entry serves both.
 *
 * The partition function gets the call as a chat request: `providerOptions: { granary: { user: 'ada' } }` makes `request['user']`. A
 * call with the header `Cache-Control: no-store` goes past the cache. The decision stands in the headers of the response.
 *
 * @example
 * ```ts
 * const model = wrapLanguageModel({ model: openai('gpt-5'), middleware: semanticCacheMiddleware(semantic) })
 * const { text } = await generateText({ model, temperature: 0, prompt, providerOptions: { granary: { user: 'ada' } } })
 * ```
 */
export function semanticCacheMiddleware(
  semantic: SemanticCache,
  { parameters = ownParameters }: SemanticMiddlewareOptions = {},
): LanguageModelMiddleware {
  const ask = (
    { params, model }: { params: CallOptions; model: Model },
    stream: (own: CallOptions) => Promise<AsyncIterable<ChatChunk>>,
  ) => {
    // What was used stands in the finish part, which nobody leaves out.
    const request = { ...requestOf(model, params), ...parameters(params), stream_options: { include_usage: true } }
    const policy: CachePolicy = cachePolicyOf(new Headers(definedOf(params.headers)).get('cache-control'))
    // The signal is the cache's: whoever asked first may leave while others wait.
    const call = (_: unknown, { signal }: ModelCall) => stream({ ...params, abortSignal: signal })
    return semantic.askStream(request, call, {
      policy,
      ...(params.abortSignal === undefined ? {} : { signal: params.abortSignal }),
    })
  }
  return {
    specificationVersion: 'v4',
    async wrapGenerate({ params, model }) {
      let own: GenerateResult | undefined
      const { chunks, decision } = await ask({ params, model }, async (given) => {
        own = await model.doGenerate(given)
        return eachOf(partsOf(own))
      })
      const parts: Part[] = []
      for await (const chunk of chunks) parts.push(partOf(chunk))
      const result = own ?? resultOf(parts)
      return { ...result, response: { ...result.response, headers: headersOf(result.response?.headers, decision) } }
    },
    async wrapStream({ params, model }) {
      let own: StreamResult | undefined
      const { chunks, decision } = await ask({ params, model }, async (given) => {
        own = await model.doStream(given)
        return chunksFrom(own.stream)
      })
      const headers = headersOf(own?.response?.headers, decision)
      return { ...own, stream: readable(chunks), response: { ...own?.response, headers } }
    },
  }
}

function ownParameters({ providerOptions }: CallOptions): Readonly<Record<string, unknown>> {
  return providerOptions?.['granary'] ?? {}
}

function headersOf(own: Record<string, string> | undefined, decision: Decision): Record<string, string> {
  return { ...own, ...decisionHeaders(decision) }
}

function definedOf(headers: CallOptions['headers'] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

async function* eachOf(parts: readonly Part[]): AsyncGenerator<ChatChunk> {
  for (const part of parts) yield chunkOf(part)
}

/** The chunks of a stream; whoever stops reading cancels it. */
async function* chunksFrom(stream: ReadableStream<Part>): AsyncGenerator<ChatChunk> {
  const reader = stream.getReader()
  let isOver = false
  try {
    for (;;) {
      const { done, value } = await reader.read()
      isOver = done
      if (done) return
      yield chunkOf(value)
    }
  } finally {
    if (!isOver) reader.cancel().catch(() => {})
  }
}

/** A stream that asks for a part when its reader wants one. */
function readable(chunks: AsyncIterableIterator<ChatChunk>): ReadableStream<Part> {
  return new ReadableStream<Part>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(partOf(value))
      },
      async cancel() {
        await chunks.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
