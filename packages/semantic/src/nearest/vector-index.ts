/**
 * Finds the stored requests that are nearest to a new one, within a scope and never outside of it. A port: bring your own.
 *
 * The index holds what a judge needs and no answers: those stand in the exact layer under the entry's id, so that tags,
 * fences and expiry of answers are the cache's. An entry whose answer is gone is deleted when somebody comes across it.
 *
 * An implementation that works across processes shows an entry to the others soon, not at once; an entry is never shown after
 * its deletion was, nor after its time. Methods reject when the index cannot answer, and with the signal's reason when that
 * fires; the cache then asks the model.
 */
export interface VectorIndex {
  /** Adds an entry, or replaces the one with its id. It expires after `ttl` milliseconds. */
  add(scope: string, entry: NewIndexEntry, ttl: number, signal?: AbortSignal): Promise<void>
  /** The `limit` entries of a scope with the greatest cosine, greatest first; fewer when there are fewer. */
  search(scope: string, vector: Float32Array, limit: number, signal?: AbortSignal): Promise<readonly Neighbour[]>
  /** Gives an entry another answer id; does nothing when there is no such entry. */
  relink(scope: string, id: string, answer: string, signal?: AbortSignal): Promise<void>
  /** Deletes an entry; does nothing when there is none. */
  delete(scope: string, id: string, signal?: AbortSignal): Promise<void>
  /** Deletes all entries that carry the tag, in every scope. */
  deleteTagged(tag: string, signal?: AbortSignal): Promise<void>
  /** Ends background work and connections of its own. */
  close(): Promise<void>
}

/** What an index remembers of a request. */
export interface IndexEntry {
  /** The request's key in the exact layer. */
  readonly id: string
  /** The text that was embedded: guards compare it with the new one. */
  readonly text: string
  /** Entries that were found to have equal answers share this id; alone, an entry's answer id is its own id. */
  readonly answer: string
  readonly tags: readonly string[]
}

/** An entry with its vector, of length 1. */
export interface NewIndexEntry extends IndexEntry {
  readonly vector: Float32Array
}

/** An entry that was found. */
export interface Neighbour extends IndexEntry {
  /** The cosine, from -1 to 1. */
  readonly similarity: number
}
