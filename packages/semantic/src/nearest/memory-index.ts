import { type Clock, InvalidOption, systemClock } from '@granary/core'
import { dot } from '../embed/vector.ts'
import type { Neighbour, NewIndexEntry, VectorIndex } from './vector-index.ts'

/** Options of {@link memoryIndex}. */
export interface MemoryIndexOptions {
  /** Entries in all scopes together; past it the oldest goes. Default: 50,000. */
  readonly maxEntries?: number
  /** Default: the system's. */
  readonly clock?: Clock
}

interface Resident extends NewIndexEntry {
  readonly scope: string
  readonly until: number
}

/**
 * The index of one process: compares with every entry of the scope. Exact; about 0.7 ms per thousand entries of 512 dimensions.
 *
 * @throws InvalidOption when `maxEntries` is not a whole number of at least 1.
 */
export function memoryIndex({ maxEntries = 50_000, clock = systemClock }: MemoryIndexOptions = {}): VectorIndex {
  if (!Number.isInteger(maxEntries) || maxEntries < 1)
    throw new InvalidOption('maxEntries', maxEntries, 'it is a whole number of at least 1')
  return new MemoryIndex(maxEntries, clock)
}

class MemoryIndex implements VectorIndex {
  readonly #maxEntries: number
  readonly #clock: Clock
  /** By scope, then id. Insertion order is age. */
  readonly #scopes = new Map<string, Map<string, Resident>>()
  /** All entries by age, for the bound. */
  readonly #ages = new Set<Resident>()

  constructor(maxEntries: number, clock: Clock) {
    this.#maxEntries = maxEntries
    this.#clock = clock
  }

  async add(scope: string, entry: NewIndexEntry, ttl: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    this.#put({ ...entry, scope, until: this.#clock.now() + ttl })
    for (const oldest of this.#ages) {
      if (this.#ages.size <= this.#maxEntries) break
      this.#remove(oldest)
    }
  }

  async search(
    scope: string,
    vector: Float32Array,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Neighbour[]> {
    signal?.throwIfAborted()
    const now = this.#clock.now()
    const found: Neighbour[] = []
    for (const resident of this.#scopes.get(scope)?.values() ?? []) {
      if (resident.until <= now) {
        this.#remove(resident)
        continue
      }
      const similarity = dot(vector, resident.vector)
      if (found.length === limit && similarity <= (found[limit - 1]?.similarity ?? 1)) continue
      insert(found, { id: resident.id, text: resident.text, answer: resident.answer, tags: resident.tags, similarity })
      if (found.length > limit) found.pop()
    }
    return found
  }

  async relink(scope: string, id: string, answer: string): Promise<void> {
    const resident = this.#scopes.get(scope)?.get(id)
    if (resident !== undefined) this.#put({ ...resident, answer })
  }

  async delete(scope: string, id: string): Promise<void> {
    const resident = this.#scopes.get(scope)?.get(id)
    if (resident !== undefined) this.#remove(resident)
  }

  async deleteTagged(tag: string): Promise<void> {
    for (const resident of this.#ages) if (resident.tags.includes(tag)) this.#remove(resident)
  }

  async close(): Promise<void> {
    this.#scopes.clear()
    this.#ages.clear()
  }

  #put(resident: Resident): void {
    const entries = this.#scopes.get(resident.scope) ?? new Map<string, Resident>()
    const before = entries.get(resident.id)
    if (before !== undefined) this.#ages.delete(before)
    this.#scopes.set(resident.scope, entries.set(resident.id, resident))
    this.#ages.add(resident)
  }

  #remove(resident: Resident): void {
    this.#ages.delete(resident)
    const entries = this.#scopes.get(resident.scope)
    if (entries?.get(resident.id) !== resident) return
    entries.delete(resident.id)
    if (entries.size === 0) this.#scopes.delete(resident.scope)
  }
}

/** Keeps `found` sorted, the nearest first; equals stay in the order in which they were added. */
function insert(found: Neighbour[], neighbour: Neighbour): void {
  let at = found.length
  while (at > 0 && (found[at - 1] as Neighbour).similarity < neighbour.similarity) at -= 1
  found.splice(at, 0, neighbour)
}
