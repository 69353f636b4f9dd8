/** A promise that a step broke. */
export class Broken extends Error {
  override readonly name = 'Broken'
}

/** A step that can be taken in a state. */
export interface Step<S> {
  readonly label: string
  /** The state after it; throws {@link Broken} when it breaks a promise. The state before stays as it is. */
  readonly take: () => S
}

/** A protocol as the explorer sees it: states, and the steps between them. */
export interface System<S> {
  readonly initial: S
  steps(state: S): readonly Step<S>[]
  /** Whether nobody can be told anything wrong any more. */
  isOver?(state: S): boolean
  /** What is wrong with a state in which nothing can happen any more; undefined: nothing. */
  deadEnd?(state: S): string | undefined
}

/** What an exploration found. */
export interface Exploration {
  readonly states: number
  /** Whether every reachable state within the bound was visited. */
  readonly exhausted: boolean
  /** The shortest way to a broken promise. */
  readonly violation: { readonly what: string; readonly steps: readonly string[] } | undefined
}

interface Node<S> {
  readonly state: S
  readonly label: string
  readonly before: Node<S> | undefined
}

/**
 * Visits every state that can be reached, breadth first, so that the first violation is a shortest one. States are told apart
 * by a 53-bit digest: among a million states a collision, which would hide one, has odds below 1e-4.
 */
export function explore<S>(system: System<S>, limit = 400_000): Exploration {
  const seen = new Set<number>([digest(JSON.stringify(system.initial))])
  let frontier: Node<S>[] = [{ state: system.initial, label: '', before: undefined }]
  const broken = (node: Node<S>, what: string, last: readonly string[] = []): Exploration => ({
    states: seen.size,
    exhausted: false,
    violation: { what, steps: [...wayTo(node), ...last] },
  })
  while (frontier.length > 0) {
    const next: Node<S>[] = []
    for (const node of frontier) {
      const steps = system.steps(node.state)
      const wrong = steps.length === 0 ? system.deadEnd?.(node.state) : undefined
      if (wrong !== undefined) return broken(node, wrong)
      for (const step of steps) {
        const state = tryStep(step)
        if (state instanceof Broken) return broken(node, state.message, [step.label])
        const key = digest(JSON.stringify(state))
        if (seen.has(key)) continue
        seen.add(key)
        if (seen.size >= limit) return { states: seen.size, exhausted: false, violation: undefined }
        if (!system.isOver?.(state)) next.push({ state, label: step.label, before: node })
      }
    }
    frontier = next
  }
  return { states: seen.size, exhausted: true, violation: undefined }
}

function tryStep<S>(step: Step<S>): S | Broken {
  try {
    return step.take()
  } catch (error) {
    if (error instanceof Broken) return error
    throw error
  }
}

function wayTo<S>(node: Node<S>): string[] {
  const steps: string[] = []
  for (let at: Node<S> | undefined = node; at?.before !== undefined; at = at.before) steps.push(at.label)
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
