/**
 * The import cycles of a graph: its strongly connected parts of two nodes and more, and nodes that import themselves.
 * Source: R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972.
 * @param {ReadonlyMap<string, readonly string[]>} edges from a file to the files it imports
 * @returns {string[][]} each cycle's members, sorted
 */
export function findCycles(edges) {
  /** @type {Map<string, { index: number, low: number, open: boolean }>} */
  const seen = new Map()
  /** @type {string[]} */
  const stack = []
  /** @type {string[][]} */
  const cycles = []

  /** @param {string} node */
  function close(node) {
    const members = stack.splice(stack.lastIndexOf(node))
    for (const member of members) {
      const mark = seen.get(member)
      if (mark) mark.open = false
    }
    if (members.length > 1 || edges.get(node)?.includes(node)) cycles.push(members.sort())
  }

  /** @param {string} node */
  function visit(node) {
    const mark = { index: seen.size, low: seen.size, open: true }
    seen.set(node, mark)
    stack.push(node)
    for (const next of edges.get(node) ?? []) {
      const known = seen.get(next)
      if (known?.open) mark.low = Math.min(mark.low, known.index)
      else if (!known) mark.low = Math.min(mark.low, visit(next).low)
    }
    if (mark.low === mark.index) close(node)
    return mark
  }

  for (const node of edges.keys()) if (!seen.has(node)) visit(node)
  return cycles
}
