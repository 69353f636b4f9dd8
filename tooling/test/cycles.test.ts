import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findCycles } from '../checks/cycles.mjs'

const graphs = fc
  .array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 20 })
  .map(
    (pairs) =>
      new Map(
        Array.from({ length: 8 }, (_, from) => [`${from}`, pairs.flatMap(([a, b]) => (a === from ? [`${b}`] : []))]),
      ),
  )

/** Whether `to` can be reached from `from` over at least one edge, found the slow and obvious way. */
function reaches(edges: ReadonlyMap<string, readonly string[]>, from: string, to: string): boolean {
  const seen = new Set<string>()
  const waiting = [...(edges.get(from) ?? [])]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next === to) return true
    if (seen.has(next)) continue
    seen.add(next)
    waiting.push(...(edges.get(next) ?? []))
  }
  return false
}

test('exactly the nodes that can reach themselves are in a cycle, each with those it shares it with', () => {
  fc.assert(
    fc.property(graphs, (edges) => {
      const nodes = [...edges.keys()]
      const together = (node: string) =>
        nodes.filter((other) => reaches(edges, node, other) && reaches(edges, other, node))
      const expected = new Set(nodes.filter((node) => reaches(edges, node, node)).map((node) => together(node).join()))
      expect(new Set(findCycles(edges).map((cycle) => cycle.join()))).toEqual(expected)
    }),
  )
})
