import { InvalidOption } from '@granary/core'
import type { Embedder, Embedding } from './embedder.ts'
import { EmbedderUnavailable } from './embedder-unavailable.ts'

/** Options of {@link memoizedEmbedder}. */
export interface MemoizedEmbedderOptions {
  /** Texts that are remembered; past it the one used longest ago goes. From 1 to 1,000,000. Default: 5,000 (10 MB at 512 dimensions). */
  readonly maxEntries?: number
}

/**
 * An embedder that remembers what it was asked: equal texts are embedded once, those asked for at the same time included.
 *
 * What fails is not remembered. A caller's signal ends that caller's waiting, and the embedding when nobody else waits for
 * it. Vectors are shared between callers: do not change them.
 *
 * @throws InvalidOption when `maxEntries` is out of its range.
 */
export function memoizedEmbedder(embedder: Embedder, { maxEntries = 5_000 }: MemoizedEmbedderOptions = {}): Embedder {
  if (!Number.isInteger(maxEntries) || maxEntries < 1 || maxEntries > 1_000_000)
    throw new InvalidOption('maxEntries', maxEntries, 'it is a whole number from 1 to 1,000,000')
  const memory = new Memory(embedder, maxEntries)
  return {
    id: embedder.id,
    dimensions: embedder.dimensions,
    maxTokens: embedder.maxTokens,
    embed: (texts, signal) => memory.embed(texts, signal),
  }
}

/** Texts that were embedded together. */
interface Batch {
  /** Fires when every caller has left before the answer. */
  readonly leaving: AbortController
  callers: number
}

interface Known {
  readonly embedding: Promise<Embedding>
  readonly batch: Batch
}

class Memory {
  readonly #embedder: Embedder
  readonly #maxEntries: number
  /** By text; the one used longest ago is the first. */
  readonly #known = new Map<string, Known>()

  constructor(embedder: Embedder, maxEntries: number) {
    this.#embedder = embedder
    this.#maxEntries = maxEntries
  }

  async embed(texts: readonly string[], signal: AbortSignal | undefined): Promise<readonly Embedding[]> {
    signal?.throwIfAborted()
    this.#ask([...new Set(texts)].filter((text) => !this.#known.has(text)))
    const wanted = texts.map((text) => this.#use(text))
    while (this.#known.size > this.#maxEntries) this.#known.delete(this.#known.keys().next().value as string)
    const batches = new Set(wanted.map(({ batch }) => batch))
    for (const batch of batches) batch.callers += 1
    const all = Promise.all(wanted.map(({ embedding }) => embedding))
    if (signal === undefined) return all
    return new Promise((resolve, reject) => {
      const leave = () => {
        reject(signal.reason)
        // Whoever asks next asks anew: what made this caller leave may never end.
        for (const [at, text] of texts.entries()) if (this.#known.get(text) === wanted[at]) this.#known.delete(text)
        for (const batch of batches) {
          batch.callers -= 1
          if (batch.callers === 0) batch.leaving.abort(signal.reason)
        }
      }
      signal.addEventListener('abort', leave, { once: true })
      all.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  /** Embeds what is not known, in one batch. */
  #ask(missing: readonly string[]): void {
    if (missing.length === 0) return
    const batch: Batch = { leaving: new AbortController(), callers: 0 }
    const answer = this.#embedder.embed(missing, batch.leaving.signal)
    for (const [at, text] of missing.entries()) {
      const embedding = answer.then((found) => {
        const one = found[at]
        if (one !== undefined) return one
        throw new EmbedderUnavailable(
          `${this.#embedder.id} answered ${missing.length} texts with ${found.length} vectors.`,
        )
      })
      const known = { embedding, batch }
      embedding.catch(() => {
        if (this.#known.get(text) === known) this.#known.delete(text)
      })
      this.#known.set(text, known)
    }
  }

  #use(text: string): Known {
    const known = this.#known.get(text) as Known
    this.#known.delete(text)
    this.#known.set(text, known)
    return known
  }
}
