import type { Decision } from '../answer/decision.ts'
import type { FailingPart, SemanticEvent } from './event.ts'

/** Counters of a semantic cache since it was made, in this process, as its callers experienced them. */
export interface SemanticStats {
  readonly requests: number
  /** Answered by exact match, callers who shared a running call of the model included. */
  readonly exact: number
  readonly semantic: number
  /** Answered by a call of the model of their own. */
  readonly model: number
  /** Of `exact`: those who shared a running call of the model. */
  readonly collapsed: number
  /** `(exact + semantic) / requests`, in percent with two digits; 0 before the first request. */
  readonly hitRatePercent: number
  readonly streams: number
  readonly stored: number
  /** Answers that were not kept: cut off, filtered, refused, calling tools. */
  readonly unkept: number
  /** Streams that were not recorded to their end: somebody left, or they were too long. */
  readonly lostStreams: number
  /** Tokens that hits have saved, as far as it is known. */
  readonly savedTokens: number
  /** Hits of which nobody knows how many tokens they have saved: they are missing in `savedTokens` and `savedCost`. */
  readonly unmeasured: number
  /** In the currency of the `price` option. */
  readonly savedCost: number
  /** Requests that were not semantic hits, by reason. */
  readonly refused: Readonly<Record<string, number>>
  /** Near entries whose answers were compared with the model's, or that users judged. */
  readonly labels: { readonly correct: number; readonly wrong: number }
  readonly feedback: { readonly good: number; readonly bad: number }
  readonly failures: Readonly<Record<FailingPart, number>>
}

/** Counts what a semantic cache tells. */
export class SemanticCounters {
  #requests = 0
  #collapsed = 0
  #streams = 0
  #stored = 0
  #unkept = 0
  #lostStreams = 0
  #savedTokens = 0
  #savedCost = 0
  #unmeasured = 0
  readonly #sources = { exact: 0, semantic: 0, model: 0 }
  readonly #refused = new Map<string, number>()
  readonly #labels = { correct: 0, wrong: 0 }
  readonly #feedback = { good: 0, bad: 0 }
  readonly #failures = { embedder: 0, index: 0, judge: 0, comparison: 0, labels: 0, links: 0 }

  count(event: SemanticEvent): void {
    switch (event.type) {
      case 'answer-served':
        this.#countAnswer(event.decision, event.stream)
        break
      case 'answer-stored':
        this.#stored += 1
        break
      case 'answer-refused':
        this.#unkept += 1
        break
      case 'stream-lost':
        this.#lostStreams += 1
        break
      case 'trial-labelled':
        this.#labels[event.correct ? 'correct' : 'wrong'] += 1
        break
      case 'feedback-given':
        this.#feedback[event.verdict] += 1
        break
      case 'part-failed':
        this.#failures[event.part] += 1
        break
      case 'entry-dropped':
        break
    }
  }

  #countAnswer(decision: Decision, stream: boolean): void {
    const { source, collapsed, savedTokens, savedCost = 0, refused } = decision
    this.#requests += 1
    this.#sources[source] += 1
    if (collapsed) this.#collapsed += 1
    if (stream) this.#streams += 1
    if (savedTokens === undefined) this.#unmeasured += 1
    else this.#savedTokens += savedTokens
    this.#savedCost += savedCost
    if (refused !== undefined && refused !== 'exact') this.#refused.set(refused, (this.#refused.get(refused) ?? 0) + 1)
  }

  describe(): SemanticStats {
    const { exact, semantic } = this.#sources
    const share = this.#requests === 0 ? 0 : (exact + semantic) / this.#requests
    return {
      requests: this.#requests,
      ...this.#sources,
      collapsed: this.#collapsed,
      hitRatePercent: Math.round(share * 10_000) / 100,
      streams: this.#streams,
      stored: this.#stored,
      unkept: this.#unkept,
      lostStreams: this.#lostStreams,
      savedTokens: this.#savedTokens,
      unmeasured: this.#unmeasured,
      savedCost: this.#savedCost,
      refused: Object.fromEntries(this.#refused),
      labels: { ...this.#labels },
      feedback: { ...this.#feedback },
      failures: { ...this.#failures },
    }
  }
}
