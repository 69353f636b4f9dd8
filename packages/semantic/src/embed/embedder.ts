/**
 * Turns texts into vectors whose cosine says how near their meanings are. A port: bring your own.
 *
 * `embed` answers in the order of `texts` with vectors of length 1. Equal texts get equal vectors, alone or in a batch.
 * A text that the model could not read to its end is said to be `truncated`: it is then matched exactly and never by meaning,
 * because two long texts that differ after the cut would be the same. It rejects when it cannot answer, and with the signal's
 * reason when that fires; the cache then asks the model.
 */
export interface Embedder {
  /** Names the model and its version; part of the scope, so that vectors of two models never meet. */
  readonly id: string
  readonly dimensions: number
  /** Longest text in tokens of the model; what is longer is reported as truncated. */
  readonly maxTokens: number
  /** The embeddings of texts, in their order. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Embedding[]>
}

/** What became of one text. */
export interface Embedding {
  /** Of length 1 (up to rounding), or all zeros for a text without content. */
  readonly vector: Float32Array
  /** Whether the end of the text was cut off. */
  readonly truncated: boolean
}
