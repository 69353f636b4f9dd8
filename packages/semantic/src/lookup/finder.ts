import type { SemanticCacheParts } from '../cache/parts.ts'
import { within } from '../cache/within.ts'
import type { Judge, JudgeInput, Serve, Verdict } from '../judge/verdict.ts'
import type { Neighbour } from '../nearest/vector-index.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { Ineligibility } from '../request/eligibility.ts'
import type { FailingPart } from '../telemetry/event.ts'
import { chainStanding, type Standing } from './turn-links.ts'

/** A request that was embedded and searched for. */
export interface Sighting extends Standing {
  readonly canonical: CanonicalRequest
  readonly text: string
  readonly vector: Float32Array
  /** The nearest entries of its scope, the nearest first. */
  readonly neighbours: readonly Neighbour[]
}

/** Why nothing was looked for, or could be. */
export type NoSighting = Ineligibility | 'failure'

/** How many neighbours a judge sees. */
const NEIGHBOURS = 20

/** Looks for entries near a request. Every failure is a reason for not having looked; none is an error. */
export class Finder {
  readonly #parts: SemanticCacheParts
  /** By request key: callers of the same request look once. Bounded by the lookups in flight. */
  readonly #looking = new Map<string, Promise<Sighting | NoSighting>>()

  constructor(parts: SemanticCacheParts) {
    this.#parts = parts
  }

  /** What stands near a request. */
  look(canonical: CanonicalRequest): Promise<Sighting | NoSighting> {
    const { key } = canonical
    const running = this.#looking.get(key)
    if (running !== undefined) return running
    const looking = this.#look(canonical).finally(() => this.#looking.delete(key))
    this.#looking.set(key, looking)
    return looking
  }

  /** What the judge says; undefined when it threw. */
  judge({ canonical, text, scope }: Sighting, neighbours: readonly Neighbour[], chance: number): Verdict | undefined {
    const { judge, clock } = this.#parts
    const input: JudgeInput = { group: canonical.group, scope, text, neighbours, now: clock.now(), chance }
    try {
      return onlyKnown(judge, input)
    } catch (cause) {
      this.failed('judge', cause)
      return undefined
    }
  }

  failed(part: FailingPart, cause: unknown): void {
    this.#parts.telemetry.emit({ type: 'part-failed', part, cause })
  }

  async #look(canonical: CanonicalRequest): Promise<Sighting | NoSighting> {
    const { text, ineligible } = canonical
    if (ineligible !== undefined || text === undefined) return ineligible ?? 'failure'
    const vector = await this.#embed(text)
    if (!(vector instanceof Float32Array)) return vector
    const standing = await this.#stand(canonical)
    const neighbours = await this.#search(standing.scope, vector)
    return neighbours === undefined ? 'failure' : { ...standing, canonical, text, vector, neighbours }
  }

  async #embed(text: string): Promise<Float32Array | NoSighting> {
    const { embedder, clock, deadlines } = this.#parts
    try {
      const [embedding] = await within(clock, deadlines.embed, (signal) => embedder.embed([text], signal))
      if (embedding === undefined) throw new TypeError(`${embedder.id} answered one text with no embedding`)
      return embedding.truncated ? 'truncated' : embedding.vector
    } catch (cause) {
      this.failed('embedder', cause)
      return 'failure'
    }
  }

  /** Links that cannot be read leave the exact history. */
  async #stand(canonical: CanonicalRequest): Promise<Standing> {
    const { answers, rules, clock, deadlines } = this.#parts
    const exact = { scope: canonical.scope, turn: '' }
    if (rules.context !== 'chain') return exact
    try {
      return await within(clock, deadlines.search, () =>
        chainStanding(canonical, (turn) => answers.links.get([canonical.tenant, turn])),
      )
    } catch (cause) {
      this.failed('links', cause)
      return exact
    }
  }

  async #search(scope: string, vector: Float32Array): Promise<readonly Neighbour[] | undefined> {
    const { index, clock, deadlines } = this.#parts
    try {
      return await within(clock, deadlines.search, (signal) => index.search(scope, vector, NEIGHBOURS, signal))
    } catch (cause) {
      this.failed('index', cause)
      return undefined
    }
  }
}

/** A verdict names one of the entries it was given, or it is none. */
function onlyKnown(judge: Judge, input: JudgeInput): Verdict {
  const verdict = judge.judge(input)
  if (verdict.action === 'serve' && !input.neighbours.some(({ id }) => id === (verdict satisfies Serve).entry.id))
    throw new TypeError(`${judge.id} served an entry that it was not shown`)
  return verdict
}
