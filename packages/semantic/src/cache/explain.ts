import type { Decision } from '../answer/decision.ts'
import type { Evidence } from '../judge/verdict.ts'
import type { Finder } from '../lookup/finder.ts'
import { match } from '../lookup/matcher.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { Exchange } from './exchange.ts'

/** What would become of a request now, and why. Holds prompts: it is for people who may read them. */
export interface Explanation {
  /** `model`: it would be asked. */
  readonly source: Decision['source']
  /** Why it would not be a semantic hit; undefined when it would. */
  readonly refused: Decision['refused']
  /** Where `refused` is `veto`: which guard objects, in words. */
  readonly veto: string | undefined
  /** The key in the exact layer, the scope within which it is compared, and what its judge learns together. */
  readonly key: string
  readonly scope: string
  readonly group: string
  /** What is compared; undefined when nothing is. */
  readonly text: string | undefined
  readonly evidence: Evidence | undefined
  /** The nearest entries of the scope, the nearest first; equal `answer`s are known to be equal. */
  readonly neighbours: readonly {
    readonly id: string
    readonly text: string
    readonly answer: string
    readonly similarity: number
  }[]
}

/** Chance 1 never explores: what is explained is what usually happens. */
const NEVER_EXPLORES = 1 - Number.EPSILON

/** Explains a request without a trace: nothing is stored, learned, deleted or asked of the model. The embedder is asked. */
export async function explain(
  canonical: CanonicalRequest,
  { exchange, finder }: { exchange: Exchange; finder: Finder },
): Promise<Explanation> {
  const { parts } = exchange
  const { key, scope, group, text } = canonical
  const plain = { key, scope, group, text, veto: undefined, evidence: undefined, neighbours: [] }
  const exact = await exchange.exact(canonical)
  const sighting = await finder.look(canonical)
  if (typeof sighting === 'string')
    return {
      ...plain,
      source: exact === undefined ? 'model' : 'exact',
      refused: exact === undefined ? sighting : 'exact',
    }
  const found = await match(sighting, { finder, parts, chance: NEVER_EXPLORES, peek: true })
  const isServed = 'stored' in found
  return {
    ...plain,
    scope: sighting.scope,
    source: exact !== undefined ? 'exact' : isServed ? 'semantic' : 'model',
    refused: exact !== undefined ? 'exact' : isServed ? undefined : found.refused,
    veto: isServed ? undefined : found.ask?.veto,
    evidence: found.evidence,
    neighbours: sighting.neighbours.map(({ id, text: near, answer, similarity }) => ({
      id,
      text: near,
      answer,
      similarity,
    })),
  }
}
