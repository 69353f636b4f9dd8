import type { Dataset, Query } from './datasets.ts'
import { DIMENSIONS, embedAll } from './embeddings.ts'
import { type Stream, seeded, shuffled } from './replay.ts'

/** A sample of a data set with all its cosines, computed once for all orders and judges. */
export interface LabelledSet {
  readonly name: string
  /** The same queries in an order of their own for each number. */
  order(number: number): Stream
}

/** Draws `count` queries of a data set and compares all with all. */
export async function labelledSet(dataset: Dataset, folder: string, count: number): Promise<LabelledSet> {
  const queries = draw(dataset.read(folder), count)
  const texts = queries.map(({ text }) => text)
  const vectors = await embedAll(texts, (done) => {
    if (done % 1_024 === 0) process.stderr.write(`${dataset.name}: ${done} of ${texts.length} embedded\n`)
  })
  const cosines = allCosines(vectors, queries.length)
  return {
    name: dataset.name,
    order(number) {
      const order = shuffled(queries.length, seeded(number))
      const query = (at: number) => queries[order[at] as number] as Query
      return {
        length: order.length,
        text: (at) => query(at).text,
        answer: (at) => query(at).intent,
        similarity: (at, earlier) =>
          cosines[(order[at] as number) * queries.length + (order[earlier] as number)] as number,
      }
    },
  }
}

/** The same sample every time. */
export function draw(queries: readonly Query[], count: number): readonly Query[] {
  return [...shuffled(queries.length, seeded(1))].slice(0, count).map((at) => queries[at] as Query)
}

const BLOCK = 64

/** The cosines of all pairs, block by block so that both sides stay in the processor's cache. */
export function allCosines(vectors: Float32Array, count: number): Float32Array {
  const all = new Float32Array(count * count)
  for (let top = 0; top < count; top += BLOCK) {
    for (let left = 0; left <= top; left += BLOCK) {
      for (let row = top; row < Math.min(count, top + BLOCK); row++) {
        for (let column = left; column < Math.min(row, left + BLOCK); column++) {
          const cosine = inner(vectors, row, column)
          all[row * count + column] = cosine
          all[column * count + row] = cosine
        }
      }
    }
  }
  return all
}

/** The inner product of two rows. */
function inner(vectors: Float32Array, row: number, column: number): number {
  let [first, second, third, fourth] = [0, 0, 0, 0]
  const end = (row + 1) * DIMENSIONS
  for (let one = row * DIMENSIONS, other = column * DIMENSIONS; one < end; one += 4, other += 4) {
    first += (vectors[one] as number) * (vectors[other] as number)
    second += (vectors[one + 1] as number) * (vectors[other + 1] as number)
    third += (vectors[one + 2] as number) * (vectors[other + 2] as number)
    fourth += (vectors[one + 3] as number) * (vectors[other + 3] as number)
  }
  return first + second + third + fourth
}
