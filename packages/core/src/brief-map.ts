/** A map is made anew after so many additions, or twice as many as it holds. */
const RENEWED_AFTER = 64

/**
 * A map whose entries stay only briefly: it is made anew from time to time.
 *
 * V8 moves a map that is filled up by what comes and goes to another table, and lets the old one keep its entries and point
 * to the new one. Once one of them has grown old, each next one is kept by the last until the whole heap is marked: a
 * hundred thousand short-lived entries a second would all be copied to the old generation. A map of its own that is dropped
 * is nobody's next one.
 */
export class BriefMap<K, V> {
  #map = new Map<K, V>()
  #room = RENEWED_AFTER

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    if (this.#room-- === 0) this.#renew()
    this.#map.set(key, value)
  }

  delete(key: K): boolean {
    return this.#map.delete(key)
  }

  clear(): void {
    this.#map = new Map()
    this.#room = RENEWED_AFTER
  }

  keys(): IterableIterator<K> {
    return this.#map.keys()
  }

  values(): IterableIterator<V> {
    return this.#map.values()
  }

  #renew(): void {
    this.#map = new Map(this.#map)
    this.#room = Math.max(RENEWED_AFTER, 2 * this.#map.size)
  }
}
