import type { Happened } from '../history/record.ts'

/** What a process has begun and not ended. */
export class Tracker {
  readonly #record: (happened: Happened) => void
  readonly #running = new Map<number, string>()
  #count = 0

  constructor(record: (happened: Happened) => void) {
    this.#record = record
  }

  /** What runs now. */
  get running(): readonly string[] {
    return [...this.#running.values()]
  }

  /** Writes down when `work` begins and ends. Its error is written down, not thrown. */
  async track(what: string, work: Promise<unknown>): Promise<void> {
    const operation = this.#count++
    this.#running.set(operation, what)
    this.#record({ kind: 'began', operation, what })
    let error: string | undefined
    try {
      await work
    } catch (thrown) {
      error = String(thrown)
    }
    this.#running.delete(operation)
    this.#record({ kind: 'ended', operation, error })
  }
}
