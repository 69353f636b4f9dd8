import { InvalidOption } from '@granary/core'
import type { Embedder } from './embedder.ts'
import { EmbedderUnavailable } from './embedder-unavailable.ts'
import { normalize } from './vector.ts'

/** The part of a feature-extraction pipeline of `@huggingface/transformers` that is used. */
export interface FeatureExtraction {
  (
    texts: string[],
    options: { pooling: 'mean' | 'cls'; normalize: boolean },
  ): Promise<{ readonly data: ArrayLike<number>; readonly dims: readonly number[] }>
  /** Without truncation: how many tokens a text has. */
  readonly tokenizer: (text: string) => { readonly input_ids: { readonly dims: readonly number[] } }
}

/** Options of {@link transformersEmbedder}. */
export interface TransformersEmbedderOptions {
  /** A folder with the model's files (`config.json`, `tokenizer.json`, `onnx/model.onnx`), or the name of a model in `cacheDir`. Nothing is downloaded. */
  readonly model: string
  /** Length of the model's vectors, from 1 to 16,384. */
  readonly dimensions: number
  /** Longest text in tokens of the model, from 1 to 100,000. */
  readonly maxTokens: number
  /** Default: `'mean'`. */
  readonly pooling?: 'mean' | 'cls'
  /** In front of each text, as some models ask for (`'query: '`). Default: none. */
  readonly prefix?: string
  /** A pipeline that you have loaded; default: loaded from `model` at the first use. */
  readonly pipeline?: FeatureExtraction
}

/** Texts in one step. */
const BATCH = 16

/**
 * An embedder that runs a model of your own in the process, with transformers.js: MiniLM, E5, GTE, BGE and the like.
 *
 * It needs `npm i @huggingface/transformers` and the model's files on disk. It rejects with {@link EmbedderUnavailable} when either
 * is missing.
 *
 * @throws InvalidOption when an option cannot be used.
 */
export function transformersEmbedder(options: TransformersEmbedderOptions): Embedder {
  const { model, dimensions, maxTokens, pooling = 'mean', prefix = '' } = options
  if (typeof model !== 'string' || model === '') throw new InvalidOption('model', model, 'it is a folder or a name')
  if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 16_384)
    throw new InvalidOption('dimensions', dimensions, 'it is a whole number from 1 to 16,384')
  if (!Number.isInteger(maxTokens) || maxTokens < 1 || maxTokens > 100_000)
    throw new InvalidOption('maxTokens', maxTokens, 'it is a whole number from 1 to 100,000')
  let loading = options.pipeline === undefined ? undefined : Promise.resolve(options.pipeline)
  return {
    id: `transformers-${model.split('/').slice(-2).join('/')}-${dimensions}-${pooling}-${prefix}`,
    dimensions,
    maxTokens,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      if (texts.length === 0) return []
      loading ??= loadPipeline(model)
      const pipeline = await loading.catch((error: unknown) => {
        loading = undefined
        throw error
      })
      const vectors: Float32Array[] = []
      for (let at = 0; at < texts.length; at += BATCH) {
        signal?.throwIfAborted()
        const piece = texts.slice(at, at + BATCH).map((text) => prefix + text)
        vectors.push(...rowsOf(await pipeline(piece, { pooling, normalize: true }), piece.length, dimensions))
      }
      signal?.throwIfAborted()
      return texts.map((text, at) => ({
        vector: vectors[at] as Float32Array,
        truncated: (pipeline.tokenizer(prefix + text).input_ids.dims.at(-1) ?? 0) > maxTokens,
      }))
    },
  }
}

/** The rows of an answer, each as a vector of length 1. */
function rowsOf(
  { data, dims }: { readonly data: ArrayLike<number>; readonly dims: readonly number[] },
  count: number,
  dimensions: number,
): Float32Array[] {
  if (dims.length !== 2 || dims[0] !== count || dims[1] !== dimensions)
    throw new EmbedderUnavailable(
      `The model answered ${count} texts with a tensor of ${dims.join(' x ')}, not ${count} x ${dimensions}.`,
    )
  const all = Float32Array.from(data)
  return Array.from({ length: count }, (_, at) => normalize(all.slice(at * dimensions, (at + 1) * dimensions)))
}

/** The optional peer, by name at run time: its types are not needed to use this package. */
const PEER = '@huggingface/transformers'

async function loadPipeline(model: string): Promise<FeatureExtraction> {
  try {
    const { pipeline } = (await import(PEER)) as {
      pipeline(task: string, model: string, options: object): Promise<FeatureExtraction>
    }
    return await pipeline('feature-extraction', model, { local_files_only: true })
  } catch (cause) {
    throw new EmbedderUnavailable(
      `The model ${model} cannot be loaded: npm i ${PEER}, and put the model's files on disk; nothing is downloaded.`,
      cause,
    )
  }
}
