import { rounded } from '../stage/samples.ts'
import type { Census } from './census.ts'

/** How much more heap there is at the end than when it was taken as grown; each count is the middle one of three. */
export interface HeapGrowth {
  /** Of what the program holds, as a share. */
  readonly heap: number
  /** Of all that, with what is V8's own. */
  readonly whole: number
  /** Bytes that the program holds more. */
  readonly bytes: number
}

/** Compares the counts around `grownAfter`, in seconds, with the last ones. */
export function heapGrowthOf(census: readonly Census[], grownAfter: number): HeapGrowth {
  const grownAt = census.findIndex(({ at }) => at >= grownAfter)
  const first = census.slice(Math.max(0, grownAt - 1), Math.max(0, grownAt) + 2)
  const last = census.slice(-3)
  const [from, to] = [middleOf(first, programOf), middleOf(last, programOf)]
  return { heap: share(from, to), whole: share(middleOf(first, wholeOf), middleOf(last, wholeOf)), bytes: to - from }
}

function programOf({ heap }: Census): number {
  return heap
}

function wholeOf({ heap, engine }: Census): number {
  return heap + engine
}

/** What is under way differs from one count to the next. */
function middleOf(census: readonly Census[], bytes: (census: Census) => number): number {
  return census.map(bytes).toSorted((a, b) => a - b)[Math.floor(census.length / 2)] ?? 0
}

function share(from: number, to: number): number {
  return from === 0 ? 0 : rounded((to / from - 1) * 100) / 100
}
