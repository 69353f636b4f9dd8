import { APIPromise, type OpenAI } from 'openai'
import { Stream } from 'openai/streaming'
import type { Decision } from '../answer/decision.ts'
import { cachePolicyOf, decisionHeaders } from '../answer/headers.ts'
import type { CachePolicy } from '../cache/call.ts'
import type { SemanticCache } from '../cache/semantic-cache.ts'

type Completions = OpenAI['chat']['completions']
type Body = OpenAI.ChatCompletionCreateParams
type StreamingBody = OpenAI.ChatCompletionCreateParamsStreaming
type WholeBody = OpenAI.ChatCompletionCreateParamsNonStreaming
type Options = OpenAI.RequestOptions
type Answer = OpenAI.ChatCompletion | Stream<OpenAI.ChatCompletionChunk>

/** What was answered, and the response that it stands in: the model's own, or one that the cache made. */
interface Reply {
  readonly data: Answer
  readonly response: Response
}

/**
 * A client of the `openai` package (or of any service that it speaks to) whose `chat.completions.create` is answered from the
 * semantic cache, streams included. Everything else of the client is as it was; `withOptions` gives another client of this kind.
 *
 * A call with the header `Cache-Control: no-store` (or `no-cache`) goes past the cache. `withResponse()` tells the decision in its
 * headers, see `decisionHeaders`; `semantic.decisionOf(answer)` tells it for a whole answer. `parse`, `runTools` and `stream`
 * of the client ask the model themselves.
 *
 * @example
 * ```ts
 * const client = withSemanticCache(new OpenAI(), semantic)
 * const completion = await client.chat.completions.create({ model, temperature: 0, messages })
 * ```
 */
export function withSemanticCache<Client extends OpenAI>(client: Client, semantic: SemanticCache): Client {
  const completions = instead(client.chat.completions, { create: createWith(client, semantic) })
  const chat = instead(client.chat, { completions })
  const withOptions = (options: Parameters<OpenAI['withOptions']>[0]) =>
    withSemanticCache(client.withOptions(options), semantic)
  return instead(client, { chat, withOptions })
}

function createWith(client: OpenAI, semantic: SemanticCache): Completions['create'] {
  const create = (body: Body, options: Options = {}) => {
    const policy = policyOf(options)
    const reply =
      body.stream === true
        ? streamed(body, options, { client, semantic, policy })
        : whole(body as WholeBody, options, { client, semantic, policy })
    return promiseOf(client, reply)
  }
  return create as Completions['create']
}

interface Asking {
  readonly client: OpenAI
  readonly semantic: SemanticCache
  readonly policy: CachePolicy
}

async function whole(body: WholeBody, options: Options, { client, semantic, policy }: Asking): Promise<Reply> {
  let own: Response | undefined
  const { completion, decision } = await semantic.ask(
    body,
    async (_, { signal }) => {
      const { data, response } = await client.chat.completions.create(body, { ...options, signal }).withResponse()
      own = response
      return data
    },
    asked(policy, options.signal),
  )
  return { data: completion, response: responseOf(own, decision, () => JSON.stringify(completion)) }
}

async function streamed(body: StreamingBody, options: Options, { client, semantic, policy }: Asking): Promise<Reply> {
  let own: Response | undefined
  const controller = new AbortController()
  const signals = [controller.signal, ...(options.signal ? [options.signal] : [])]
  const { chunks, decision } = await semantic.askStream(
    body,
    async (_, { signal }) => {
      const { data, response } = await client.chat.completions.create(body, { ...options, signal }).withResponse()
      own = response
      return data
    },
    asked(policy, AbortSignal.any(signals)),
  )
  const data = new Stream<OpenAI.ChatCompletionChunk>(() => untilAborted(chunks, controller), controller, client)
  return { data, response: responseOf(own, decision, () => null) }
}

/** A stream of the client ends quietly when its controller aborts it. */
async function* untilAborted<T>(chunks: AsyncIterable<T>, controller: AbortController): AsyncGenerator<T> {
  try {
    yield* chunks
  } catch (error) {
    if (!controller.signal.aborted || error !== controller.signal.reason) throw error
  }
}

function asked(
  policy: CachePolicy,
  signal: AbortSignal | null | undefined,
): { policy: CachePolicy; signal?: AbortSignal } {
  return { policy, ...(signal ? { signal } : {}) }
}

function policyOf({ headers }: Options): CachePolicy {
  if (headers === undefined || headers === null) return 'use'
  const plain = 'values' in headers && headers.values instanceof Headers ? headers.values : headers
  try {
    return cachePolicyOf(new Headers(plain as Record<string, string>).get('cache-control'))
  } catch {
    // Headers that only the client understands, such as ones that are taken back with null.
    return 'use'
  }
}

/** The model's own response with the decision in its headers, or one made for an answer of the cache. */
function responseOf(own: Response | undefined, decision: Decision, body: () => string | null): Response {
  const headers = new Headers(own?.headers ?? { 'Content-Type': 'application/json' })
  for (const [name, value] of Object.entries(decisionHeaders(decision))) headers.set(name, value)
  const made = new Response(body(), { status: own?.status ?? 200, headers })
  if (own !== undefined) Object.defineProperty(made, 'url', { value: own.url })
  return made
}

/** What the client's own methods return, so that `withResponse()` and `asResponse()` are there. */
function promiseOf(client: OpenAI, reply: Promise<Reply>): APIPromise<Answer> {
  const made = reply.then(({ response }) => ({ response }))
  // The promise of the data is the one that is handed out: nobody need look at this one.
  made.catch(() => {})
  return new APIPromise(client, made as never, async () => (await reply).data as never)
}

/** The object with some members replaced. Methods run on the object itself, whose private fields a proxy does not have. */
function instead<T extends object>(target: T, replaced: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(object, name) {
      if (typeof name === 'string' && Object.hasOwn(replaced, name)) return replaced[name]
      const value: unknown = Reflect.get(object, name, object)
      return typeof value === 'function' ? value.bind(object) : value
    },
  })
}
