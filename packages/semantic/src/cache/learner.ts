import type { Clock } from '@granary/core'
import type { Judge, Label } from '../judge/verdict.ts'
import type { LabelStore } from '../labels/label-store.ts'
import type { SemanticTelemetry } from '../telemetry/telemetry.ts'
import { within } from './within.ts'

/** What a learner works with. */
export interface LearnerParts {
  readonly judge: Judge
  /** Undefined: the judge learns in this process alone. */
  readonly store: LabelStore | undefined
  readonly clock: Clock
  /** Milliseconds for one exchange with the store. */
  readonly deadline: number
  /** Milliseconds between two looks at what other processes have learned. */
  readonly every: number
  readonly telemetry: SemanticTelemetry
}

/** Labels that wait for a store that does not answer; past it the oldest are lost. */
const MOST_WAITING = 5_000
/** Labels read at once. */
const PAGE = 500

/**
 * Hands labels to the judge. With a store, the judge learns from the store's log and from nothing else, in its order: then the
 * judges of all processes become the same. While the store does not answer they decide by what they know.
 */
export class Learner {
  readonly #parts: LearnerParts
  #waiting: Label[] = []
  #cursor: string | undefined
  #syncing: Promise<void> | undefined
  #cancel: () => void = () => {}
  #isClosed = false

  constructor(parts: LearnerParts) {
    this.#parts = parts
    if (parts.store !== undefined) void this.sync()
  }

  /** Takes in one label. */
  learn(label: Label): void {
    const { judge, store, telemetry } = this.#parts
    if (label.source !== 'import') {
      telemetry.emit({ type: 'trial-labelled', correct: label.correct, source: label.source })
    }
    if (store === undefined) {
      this.#teach(judge, label)
      return
    }
    this.#waiting.push(label)
    if (this.#waiting.length > MOST_WAITING) this.#waiting.shift()
    void this.sync()
  }

  /** Hands in what waits, and learns what is new in the log. Resolves when that is done or has failed. */
  sync(): Promise<void> {
    if (this.#isClosed || this.#parts.store === undefined) return Promise.resolve()
    this.#syncing ??= this.#exchange(this.#parts.store).finally(() => {
      this.#syncing = undefined
      this.#cancel()
      if (!this.#isClosed) this.#cancel = this.#parts.clock.schedule(this.#parts.every, () => void this.sync())
    })
    return this.#syncing
  }

  /** Hands in what waits, once more, and ends. */
  async close(): Promise<void> {
    await this.#syncing
    if (this.#waiting.length > 0) await this.sync()
    this.#isClosed = true
    this.#cancel()
    await this.#parts.store?.close()
  }

  async #exchange(store: LabelStore): Promise<void> {
    const { judge, clock, deadline, telemetry } = this.#parts
    try {
      while (this.#waiting.length > 0) {
        const labels = this.#waiting.slice(0, PAGE)
        await within(clock, deadline, (signal) => store.append(judge.id, labels, signal))
        this.#waiting = this.#waiting.filter((label) => !labels.includes(label))
      }
      for (let more = true; more; ) {
        const { labels, cursor } = await within(clock, deadline, (signal) =>
          store.read(judge.id, this.#cursor, PAGE, signal),
        )
        for (const label of labels) this.#teach(judge, label)
        this.#cursor = cursor
        more = labels.length === PAGE
      }
    } catch (cause) {
      telemetry.emit({ type: 'part-failed', part: 'labels', cause })
    }
  }

  #teach(judge: Judge, label: Label): void {
    try {
      judge.learn(label)
    } catch (cause) {
      this.#parts.telemetry.emit({ type: 'part-failed', part: 'judge', cause })
    }
  }
}
