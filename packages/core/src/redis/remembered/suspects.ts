import type { Address } from '../../engine/remote.ts'
import { RedisUnavailable } from '../../errors.ts'

/**
 * Keys whose last read was not answered in time. Their value may be too large to be read within any budget: reading it again
 * and again would drop one connection after another, so its size is asked for first.
 */
export class Suspects {
  readonly #limit: number
  readonly #keys = new Set<string>()

  constructor(limit = 1_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#keys.size
  }

  has(key: string): boolean {
    return this.#keys.size > 0 && this.#keys.has(key)
  }

  /** The read was answered in time. */
  clear(key: string): void {
    this.#keys.delete(key)
  }

  /** Suspects the keys of a read that failed for lack of time. Past the bound the oldest are forgotten: they cost a connection once more. */
  async watch<T>(addresses: readonly Address[], read: Promise<T>): Promise<T> {
    try {
      return await read
    } catch (error) {
      this.note(addresses, error)
      throw error
    }
  }

  /** The same, once the read has failed. */
  note(addresses: readonly Address[], error: unknown): void {
    if (error instanceof RedisUnavailable && error.reason === 'deadline')
      for (const { key } of addresses) this.#add(key)
  }

  #add(key: string): void {
    this.#keys.delete(key)
    this.#keys.add(key)
    if (this.#keys.size <= this.#limit) return
    for (const oldest of this.#keys) {
      this.#keys.delete(oldest)
      return
    }
  }
}
