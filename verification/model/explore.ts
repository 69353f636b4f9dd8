import { isOver, stepsOf, take } from './moves.ts'
import { Broken, type Bug } from './process.ts'
import { type Budget, initialState, type State } from './state.ts'

/** What an exploration found. */
export interface Exploration {
  readonly states: number
  /** Whether every reachable state within the bound was visited. */
  readonly exhausted: boolean
  /** The shortest way to a broken promise. */
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined
}

interface Node {
  readonly state: State
  readonly label: string
  readonly before: Node | undefined
}

/**
 * Visits every state that can be reached within a budget, breadth first, so that the first violation is a shortest one.
 * States are told apart by a 53-bit digest: among a million states a collision, which would hide one, has odds below 1e-4.
 */
export function explore(budget: Budget, bugs: ReadonlySet<Bug> = new Set(), limit = 400_000): Exploration {
  const seen = new Set<number>()
  let frontier: Node[] = [{ state: initialState(budget), label: '', before: undefined }]
  seen.add(digest(JSON.stringify((frontier[0] as Node).state)))
  while (frontier.length > 0) {
    const next: Node[] = []
    for (const node of frontier) {
      for (const step of stepsOf(node.state)) {
        let state: State
        try {
          state = take(node.state, bugs, step)
        } catch (error) {
          if (!(error instanceof Broken)) throw error
          return {
            states: seen.size,
            exhausted: false,
            violation: { what: error.message, steps: [...wayTo(node), step.label] },
          }
        }
        const key = digest(JSON.stringify(state))
        if (seen.has(key)) continue
        seen.add(key)
        if (seen.size >= limit) return { states: seen.size, exhausted: false, violation: undefined }
        if (isOver(state)) continue
        next.push({ state, label: step.label, before: node })
      }
    }
    frontier = next
  }
  return { states: seen.size, exhausted: true, violation: undefined }
}

function wayTo(node: Node): string[] {
  const steps: string[] = []
  for (let at: Node | undefined = node; at?.before !== undefined; at = at.before) steps.push(at.label)
  return steps.reverse()
}

/** cyrb53 (bryc, public domain): two 32-bit lanes of multiply and xor. */
function digest(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}
