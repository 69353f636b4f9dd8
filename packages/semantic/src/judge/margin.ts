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

/** The nearest entry of each answer, at most `limit`: those worth comparing with a new answer. */
export function nearestOfEach(neighbours: readonly Neighbour[], limit: number): readonly Neighbour[] {
  const seen = new Set<string>()
  return neighbours
    .filter(({ answer }) => {
      if (seen.has(answer)) return false
      seen.add(answer)
      return true
    })
    .slice(0, limit)
}
