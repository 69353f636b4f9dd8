import type { Cache, CachedName, Clock, Random } from '@granary/core'
import { answerText, type ChatCompletion } from '../answer/chat-completion.ts'
import type { Decision } from '../answer/decision.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { Embedder } from '../embed/embedder.ts'
import type { Ask, Evidence, Judge, Serve, Verdict } from '../judge/verdict.ts'
import type { AnswerComparison } from '../labels/answer-comparison.ts'
import type { NewIndexEntry, VectorIndex } from '../nearest/vector-index.ts'
import { type CanonicalRequest, canonicalRequest } from '../request/canonical-request.ts'
import type { ChatRequest } from '../request/chat-request.ts'
import type { Partition } from '../request/partition.ts'

/** What the composition root gives the cache. */
export interface SemanticCacheParts {
  readonly cache: Cache
  readonly answers: CachedName<readonly [string], StoredAnswer>
  readonly partition: Partition
  readonly embedder: Embedder
  readonly index: VectorIndex
  readonly judge: Judge
  readonly compare: AnswerComparison
  readonly ttl: number
  readonly clock: Clock
  readonly random: Random
}

/** Asks a model. */
export type Complete<Request extends ChatRequest = ChatRequest> = (request: Request) => Promise<ChatCompletion>

/** An answer and where it came from. */
export interface Answered {
  readonly completion: ChatCompletion
  readonly decision: Decision
}

/** A request with its vector. */
interface Embedded {
  readonly canonical: CanonicalRequest
  readonly text: string
  readonly vector: Float32Array
}

/** How many neighbours a judge sees. */
const NEIGHBOURS = 20

/** A response cache for chat completions: exact match first, then by meaning, where its judge is sure enough. */
export class SemanticCache {
  readonly #parts: SemanticCacheParts

  /** @internal Made by `createSemanticCache`. */
  constructor(parts: SemanticCacheParts) {
    this.#parts = parts
  }

  /** A function like `complete` that answers from the cache where it may. Errors of `complete` pass through untouched. */
  wrap(complete: Complete): Complete {
    return async (request) => (await this.ask(request, complete)).completion
  }

  /** Answers a request from the cache or by `complete`, and says which and why. */
  async ask(request: ChatRequest, complete: Complete): Promise<Answered> {
    const { partition, embedder, answers } = this.#parts
    const canonical = canonicalRequest(request, partition, embedder.id)
    const exact = await answers.get([canonical.key])
    if (exact !== undefined) return this.#fromStore(exact, canonical.key, 'exact', undefined)
    const embedded = await this.#embed(canonical)
    const verdict = embedded === undefined ? undefined : await this.#judge(embedded)
    if (verdict?.action === 'serve') {
      const near = await answers.get([verdict.entry.id])
      if (near !== undefined) return this.#fromStore(near, verdict.entry.id, 'semantic', verdict.evidence)
    }
    const stored = await answers.getOrSet([canonical.key], () => this.#load(request, complete))
    if (embedded !== undefined) await this.#remember(embedded, verdict, stored)
    const decision = this.#decision('model', canonical.key, stored, verdict?.evidence)
    return {
      completion: stored.completion,
      decision: { ...decision, refused: refusalOf(canonical, verdict) },
    }
  }

  async #load(request: ChatRequest, complete: Complete): Promise<StoredAnswer> {
    const completion = await complete(request)
    return {
      completion,
      tokens: completion.usage?.total_tokens ?? 0,
      cost: undefined,
      created: this.#parts.clock.wall(),
    }
  }

  async #embed(canonical: CanonicalRequest): Promise<Embedded | undefined> {
    const { text, ineligible } = canonical
    if (text === undefined || ineligible !== undefined) return undefined
    try {
      const [embedding] = await this.#parts.embedder.embed([text])
      if (embedding === undefined || embedding.truncated) return undefined
      return { canonical, text, vector: embedding.vector }
    } catch {
      return undefined
    }
  }

  async #judge({ canonical: { group, scope }, text, vector }: Embedded): Promise<Verdict | undefined> {
    const { index, judge, clock, random } = this.#parts
    try {
      const neighbours = await index.search(scope, vector, NEIGHBOURS)
      return judge.judge({ group, scope, text, neighbours, now: clock.now(), chance: random.next() })
    } catch {
      return undefined
    }
  }

  async #remember({ canonical, text, vector }: Embedded, verdict: Verdict | undefined, stored: StoredAnswer) {
    const { index, ttl } = this.#parts
    const { key: id, scope } = canonical
    try {
      const answer = verdict?.action === 'ask' ? await this.#equalAnswer(text, verdict, stored) : undefined
      const entry: NewIndexEntry = { id, text, vector, answer: answer ?? id, tags: [] }
      await index.add(scope, entry, ttl)
    } catch {
      // What could not be indexed is found by its exact request only.
    }
  }

  /** Compares the new answer with those of near entries, tells the judge, and says whose answer it equals. */
  async #equalAnswer(text: string, { compare, trial }: Ask, stored: StoredAnswer): Promise<string | undefined> {
    const { answers, judge } = this.#parts
    const answer = answerText(stored.completion)
    let equal: string | undefined
    for (const near of compare) {
      const other = await answers.get([near.id])
      const nearAnswer = other === undefined ? undefined : answerText(other.completion)
      if (answer === undefined || nearAnswer === undefined) continue
      const found = await this.#parts.compare({ text, answer, nearText: near.text, nearAnswer })
      if (found === 'unknown') continue
      if (trial?.entry === near.id) judge.learn({ trial, correct: found === 'same', source: 'comparison' })
      if (found === 'same') equal ??= near.answer
    }
    return equal
  }

  #fromStore(stored: StoredAnswer, id: string, source: 'exact' | 'semantic', evidence: Evidence | undefined): Answered {
    return { completion: stored.completion, decision: this.#decision(source, id, stored, evidence) }
  }

  #decision(source: Decision['source'], id: string, stored: StoredAnswer, evidence: Evidence | undefined): Decision {
    const isHit = source !== 'model'
    return {
      source,
      id,
      similarity: evidence?.similarity,
      margin: evidence?.margin,
      bound: evidence?.bound,
      age: isHit ? Math.max(0, this.#parts.clock.wall() - stored.created) : 0,
      savedTokens: isHit ? stored.tokens : 0,
      savedCost: isHit ? stored.cost : undefined,
      refused: source === 'exact' ? 'exact' : undefined,
    }
  }
}

function refusalOf(canonical: CanonicalRequest, verdict: Serve | Ask | undefined): Decision['refused'] {
  if (canonical.ineligible !== undefined) return canonical.ineligible
  if (verdict === undefined || verdict.action === 'serve') return 'failure'
  return verdict.reason
}
