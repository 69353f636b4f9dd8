import { unkept } from '../answer/admission.ts'
import { type ChatCompletion, tokensOf } from '../answer/chat-completion.ts'
import type { Decision } from '../answer/decision.ts'
import { entryId, hitId } from '../answer/identity.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { Evidence } from '../judge/verdict.ts'
import type { Finder, Sighting } from '../lookup/finder.ts'
import { type Match, match, type NoMatch } from '../lookup/matcher.ts'
import { remember } from '../lookup/remember.ts'
import type { CanonicalRequest } from '../request/canonical-request.ts'
import type { StreamRecord } from '../stream/stream-record.ts'
import type { Call } from './call.ts'
import { decide } from './decide.ts'
import type { SemanticCacheParts } from './parts.ts'
import { unlessAborted } from './within.ts'

/** An answer that the cache has. */
export interface Hit {
  readonly stored: StoredAnswer
  readonly decision: Decision
}

/** Nothing in the cache: what was learned on the way there. */
export interface Miss {
  readonly refused: Decision['refused']
  readonly evidence: Evidence | undefined
  readonly ask: NoMatch['ask']
  /** Undefined when the request is not compared by meaning. */
  readonly sighting: Sighting | undefined
}

/** What a request and the cache have to do with each other, whether the answer streams or not. */
export class Exchange {
  readonly parts: SemanticCacheParts
  readonly #finder: Finder
  readonly #background = new Set<Promise<unknown>>()

  constructor(parts: SemanticCacheParts, finder: Finder) {
    this.parts = parts
    this.#finder = finder
  }

  /** The answer that the cache has for a request: of the same one, or of one that means the same. */
  async find(call: Call): Promise<Hit | Miss> {
    const { canonical, policy, signal } = call
    const exact = policy === 'use' ? await unlessAborted(this.exact(canonical), signal) : undefined
    if (exact !== undefined) return this.hit(call, exact)
    const sighting = await unlessAborted(this.#finder.look(canonical), signal)
    if (typeof sighting === 'string') {
      const refused = policy === 'reload' ? 'reload' : sighting
      return { refused, evidence: undefined, ask: undefined, sighting: undefined }
    }
    if (policy === 'reload') return { refused: 'reload', evidence: undefined, ask: undefined, sighting }
    const chance = this.parts.random.next()
    const found = await unlessAborted(match(sighting, { finder: this.#finder, parts: this.parts, chance }), signal)
    return 'stored' in found ? this.#semanticHit(call, sighting, found) : { ...found, sighting }
  }

  /** The answer of the same request, if it may still be served. */
  async exact({ tenant, key }: CanonicalRequest): Promise<StoredAnswer | undefined> {
    const { answers, toolCalls } = this.parts
    const stored = await answers.entries.get([tenant, key])
    return stored === undefined || unkept(stored.completion, { toolCalls }) !== undefined ? undefined : stored
  }

  /** A hit on the same request. */
  hit({ canonical }: Call, stored: StoredAnswer, { collapsed = false } = {}): Hit {
    const id = entryId(canonical.tenant, canonical.key)
    const wall = this.parts.clock.wall()
    return { stored, decision: decide({ source: 'exact', id, refused: 'exact', collapsed, stored, wall }) }
  }

  /** The decision of a caller who joins a running stream: nobody knows yet what it will have saved. */
  joined({ canonical }: Call): Decision {
    const id = entryId(canonical.tenant, canonical.key)
    return decide({ source: 'exact', id, refused: 'exact', collapsed: true, wall: this.parts.clock.wall() })
  }

  /** The decision that goes with an answer of the model. */
  asked({ canonical }: Call, { refused, evidence }: Pick<Miss, 'refused' | 'evidence'>): Decision {
    const id = entryId(canonical.tenant, canonical.key)
    return decide({ source: 'model', id, refused, evidence, wall: this.parts.clock.wall() })
  }

  /** An answer of the model, ready to be stored. */
  toStore(call: Call, miss: Miss, completion: ChatCompletion, record: StreamRecord | undefined): StoredAnswer {
    const { price, toolCalls, clock } = this.parts
    const { canonical, tags, request } = call
    const usage = completion?.usage
    return {
      completion,
      record,
      scope: miss.sighting?.scope ?? canonical.scope,
      turn: miss.sighting?.turn ?? '',
      tags,
      volatile: canonical.volatile,
      tokens: tokensOf(usage),
      cost: usage === undefined || usage === null ? undefined : price?.({ model: request.model, usage }),
      created: clock.wall(),
      unkept: unkept(completion, { toolCalls }),
    }
  }

  /** After a call of the model: tells what became of its answer, and remembers it, in the background. */
  settle({ canonical }: Call, { ask, sighting }: Miss, stored: StoredAnswer): void {
    const id = entryId(canonical.tenant, canonical.key)
    if (stored.unkept !== undefined) {
      this.parts.telemetry.emit({ type: 'answer-refused', id, reason: stored.unkept })
      return
    }
    this.run(async () => {
      const indexed =
        sighting !== undefined && (await remember(sighting, ask, { stored, finder: this.#finder, parts: this.parts }))
      this.parts.telemetry.emit({ type: 'answer-stored', id, indexed })
    })
  }

  /** Runs work that nobody waits for. It must not reject; if it does, that becomes an event. */
  run(work: () => Promise<unknown>): void {
    const running: Promise<unknown> = work()
      .catch((cause) => this.#finder.failed('index', cause))
      .finally(() => this.#background.delete(running))
    this.#background.add(running)
  }

  /** Resolves when no background work runs any more. */
  async whenIdle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background)
  }

  #semanticHit({ canonical }: Call, { scope, turn }: Sighting, { entry, evidence, trial, stored }: Match): Hit {
    const { answers, random, clock } = this.parts
    const id = hitId(random.bytes(16))
    const { tenant, key } = canonical
    const served = { tenant, key, scope, entry: entry.id, answer: entry.answer, turn, trial }
    this.run(() => answers.served.set([id], served))
    return {
      stored,
      decision: decide({ source: 'semantic', id, refused: undefined, evidence, stored, wall: clock.wall() }),
    }
  }
}
