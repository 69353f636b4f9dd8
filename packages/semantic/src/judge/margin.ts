import type { Neighbour } from '../nearest/vector-index.ts'

/**
 * By how much the first neighbour is nearer than the nearest one with a different answer (the ratio test's idea: Lowe, IJCV
 * 2004); its similarity when all have the same answer.
 */
export function marginOf(neighbours: readonly Neighbour[]): number {
  const [nearest] = neighbours
  if (nearest === undefined) return 0
  const other = neighbours.find(({ answer }) => answer !== nearest.answer)
  return nearest.similarity - Math.max(0, other?.similarity ?? 0)
}

/** The nearest entry of each answer, at most `limit`, `first` before all others: those worth comparing with a new answer. */
export function nearestOfEach(
  neighbours: readonly Neighbour[],
  limit: number,
  first?: Neighbour,
): readonly Neighbour[] {
  const nearest = new Map<string, Neighbour>()
  for (const neighbour of first === undefined ? neighbours : [first, ...neighbours])
    if (!nearest.has(neighbour.answer)) nearest.set(neighbour.answer, neighbour)
  return [...nearest.values()].slice(0, limit)
}
