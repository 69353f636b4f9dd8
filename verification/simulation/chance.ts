import type { Random } from '@granary/core'

/** A number in [0, 1) determined by its words: the same question always gets the same answer, whatever else was asked. */
export function chanceOf(...words: readonly number[]): number {
  let mix = 0x9e3779b9
  for (const word of words) {
    mix = Math.imul(mix ^ word ^ (word / 4_294_967_296), 0x85ebca6b)
    mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
    mix ^= mix >>> 16
  }
  return (mix >>> 0) / 4_294_967_296
}

/** A stream of chance (mulberry32, T. Ettinger). */
export class Chance implements Random {
  #state: number

  constructor(...words: readonly number[]) {
    this.#state = Math.floor(chanceOf(...words) * 4_294_967_296)
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mix = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mix = (mix + Math.imul(mix ^ (mix >>> 7), 61 | mix)) ^ mix
    return ((mix ^ (mix >>> 14)) >>> 0) / 4_294_967_296
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => Math.floor(this.next() * 256))
  }

  /** A whole number from `low` to `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** Small values are as likely as large ones: even on a logarithmic scale. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.next()
  }

  yes(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.next() * list.length)] as T
  }

  /** One of the keys, each as likely as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[]
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0)
    for (const key of keys) {
      left -= weights[key]
      if (left < 0) return key
    }
    return keys.at(-1) as K
  }
}
