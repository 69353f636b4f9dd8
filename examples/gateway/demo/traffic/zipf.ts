/** Picks ranks so that rank r comes up in proportion to 1 / (r + 1)^skew: few keys get most of the traffic. */
export class Zipf {
  readonly #cumulative: Float64Array
  readonly #random: () => number

  constructor(size: number, skew: number, random: () => number) {
    this.#random = random
    this.#cumulative = new Float64Array(size)
    let sum = 0
    for (let rank = 0; rank < size; rank += 1) {
      sum += 1 / (rank + 1) ** skew
      this.#cumulative[rank] = sum
    }
  }

  /** A rank in [0, size). */
  next(): number {
    const wanted = this.#random() * (this.#cumulative.at(-1) ?? 0)
    let low = 0
    let high = this.#cumulative.length - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#cumulative[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}
