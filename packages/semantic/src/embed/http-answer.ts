import { EmbedderUnavailable } from './embedder-unavailable.ts'
import { normalize } from './vector.ts'

/** What became of one request. */
export type HttpAnswer =
  | { readonly kind: 'answer'; readonly body: unknown }
  | {
      readonly kind: 'failure'
      readonly failure: EmbedderUnavailable
      readonly retriable: boolean
      /** Milliseconds that the server asks to wait. */
      readonly after: number | undefined
    }

/** Longest answer that is read, in bytes: 2,048 vectors of 3,072 dimensions take about 80 MB as text. */
const ANSWER_LIMIT = 128 * 1_024 * 1_024

/** Waits for a response and its body; rejects only with the signal's reason. */
export async function answerOf(response: Promise<Response>, signal: AbortSignal): Promise<HttpAnswer> {
  try {
    const { ok, status, headers, body } = await response
    if (!ok) {
      await body?.cancel()
      return {
        kind: 'failure',
        failure: new EmbedderUnavailable(`The embedding API answered with status ${status}.`),
        retriable: status === 429 || status >= 500,
        after: retryAfter(headers.get('retry-after')),
      }
    }
    return { kind: 'answer', body: JSON.parse(await textOf(body)) }
  } catch (cause) {
    signal.throwIfAborted()
    const failure =
      cause instanceof EmbedderUnavailable
        ? cause
        : new EmbedderUnavailable('The embedding API cannot be reached.', cause)
    return { kind: 'failure', failure, retriable: failure !== cause, after: undefined }
  }
}

async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of body ?? []) {
    bytes += piece.length
    if (bytes > ANSWER_LIMIT)
      throw new EmbedderUnavailable(`The embedding API answered with more than ${ANSWER_LIMIT} bytes.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** Seconds of `Retry-After` as milliseconds (RFC 9110, 10.2.3); dates are not waited for. */
function retryAfter(header: string | null): number | undefined {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) * 1_000 : undefined
}

/** Reads `{ data: [{ index, embedding }] }`: as many vectors as texts, in their order, of length 1. */
export function readEmbeddings(body: unknown, count: number, dimensions: number): Float32Array[] {
  const data = (body as { data?: unknown } | null)?.data
  if (!Array.isArray(data) || data.length !== count)
    throw new EmbedderUnavailable(`The embedding API did not answer ${count} texts with ${count} vectors.`)
  const vectors: Float32Array[] = []
  for (const [at, item] of data.entries()) {
    const { index = at, embedding } = (item ?? {}) as { index?: unknown; embedding?: unknown }
    if (!Array.isArray(embedding) || embedding.length !== dimensions)
      throw new EmbedderUnavailable(`The embedding API did not answer with vectors of ${dimensions} dimensions.`)
    const vector = Float32Array.from(embedding as number[])
    if (!Number.isInteger(index) || vectors[index as number] !== undefined || !vector.every(Number.isFinite))
      throw new EmbedderUnavailable('The embedding API answered with vectors that are none.')
    vectors[index as number] = normalize(vector)
  }
  if (vectors.length !== count) throw new EmbedderUnavailable('The embedding API left out a vector.')
  return vectors
}
