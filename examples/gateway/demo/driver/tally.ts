import type { Verdict } from '../oracle/verdict.ts'
import type { Answer, Call } from '../traffic/operation.ts'

/** Staleness above this is counted apart: what a person could notice. */
const NOTICEABLE = 50
const EXAMPLES = 5

/** What was seen in one phase. Times in milliseconds. */
export class Tally {
  readonly authentication: number[] = []
  readonly catalog: number[] = []
  readonly all: number[] = []
  changes = 0
  queued = 0
  notModified = 0
  judged = 0
  stale = 0
  wrong = 0
  failed = 0
  /** Of answers that a delivered change had made untrue: bounded by `maxStaleness`. */
  largestStaleness = 0
  /** Of answers that a queued change had made untrue: bounded by its replay and `maxStaleness`. */
  largestQueuedStaleness = 0
  noticeablyStale = 0
  /** The first objections, for whoever has to find out why. */
  readonly examples: string[] = []

  /** Requests that were answered. */
  get requests(): number {
    return this.all.length
  }

  /** Requests without an answer, answers that were never true, and answers that nobody judged. */
  get errors(): number {
    return this.failed + this.wrong + (this.requests - this.judged)
  }

  /** Counts an answer. */
  answered(call: Call, answer: Answer): void {
    const latency = answer.endedAt - answer.startedAt
    this.all.push(latency)
    if (call.layer === 'catalog') this.catalog.push(latency)
    if (answer.authentication !== undefined) this.authentication.push(answer.authentication)
    if (answer.status === 304) this.notModified += 1
  }

  /** Counts a request that nobody answered. */
  lost(call: Call, error: unknown): void {
    this.failed += 1
    this.#object(`${call.method} ${call.path}: ${error instanceof Error ? error.message : String(error)}`)
  }

  /** Counts a verdict. */
  judge(call: Call, answer: Answer, verdict: Verdict): void {
    this.judged += 1
    if (verdict.kind === 'right') {
      this.largestStaleness = Math.max(this.largestStaleness, verdict.staleness)
      this.largestQueuedStaleness = Math.max(this.largestQueuedStaleness, verdict.queuedStaleness)
      if (Math.max(verdict.staleness, verdict.queuedStaleness) > NOTICEABLE) this.noticeablyStale += 1
      return
    }
    this[verdict.kind] += 1
    this.#object(`${call.method} ${call.path} at process ${answer.process}: ${verdict.kind}: ${verdict.detail}`)
  }

  #object(example: string): void {
    if (this.examples.length < EXAMPLES) this.examples.push(example)
  }
}
