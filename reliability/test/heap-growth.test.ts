import { expect, test } from 'vitest'
import type { Census } from '../soak/census.ts'
import { heapGrowthOf } from '../soak/heap-growth.ts'

const counts = (...heaps: readonly (readonly [at: number, heap: number, engine: number])[]): readonly Census[] =>
  heaps.map(([at, heap, engine]) => ({
    at,
    heap,
    engine,
    external: 0,
    sockets: 0,
    timers: 0,
    handles: 0,
    listeners: 0,
  }))

test('the last counts are held against those around the moment when the heap is taken as grown', () => {
  const census = counts(
    [60, 10, 5],
    [120, 100, 50],
    [180, 100, 60],
    [240, 900, 70],
    [300, 1, 1],
    [360, 106, 110],
    [420, 110, 120],
    [480, 104, 100],
  )
  expect(heapGrowthOf(census, 180)).toEqual({ heap: 0.06, whole: 0.35, bytes: 6 })
})

test('a run that is too short to have grown compares what it has', () => {
  expect(heapGrowthOf(counts([10, 100, 100]), 180)).toEqual({ heap: 0, whole: 0, bytes: 0 })
  expect(heapGrowthOf([], 180)).toEqual({ heap: 0, whole: 0, bytes: 0 })
})
