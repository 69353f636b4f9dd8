import { readId } from '../answer/identity.ts'
import { changeIndex } from '../lookup/index-writes.ts'
import type { ServedHit } from './answers.ts'
import type { SemanticCacheParts } from './parts.ts'

/** What became of a report. */
export interface FeedbackReceipt {
  /** Whether the id named an answer that can still be judged. */
  readonly known: boolean
  /** Whether this report was the one that dropped the answer. */
  readonly dropped: boolean
}

/** Takes in what users say about answers, in whatever process they say it. */
export class Feedback {
  readonly #parts: SemanticCacheParts

  constructor(parts: SemanticCacheParts) {
    this.#parts = parts
  }

  /**
   * Takes in one report. A bad semantic hit is at once no hit any more for its request; it is a label for the judge; and so many
   * bad reports drop the entry.
   */
  async give(id: string, verdict: 'good' | 'bad'): Promise<FeedbackReceipt> {
    const name = readId(id)
    if (name === undefined) return { known: false, dropped: false }
    this.#parts.telemetry.emit({ type: 'feedback-given', id, verdict })
    if (name.kind === 'entry') {
      const dropped = verdict === 'bad' && (await this.#report(id, name.tenant, { entry: name.key, scope: undefined }))
      return { known: true, dropped }
    }
    const hit = await this.#parts.answers.served.get([id])
    if (hit === undefined) return { known: false, dropped: false }
    this.#parts.learner.learn({ trial: hit.trial, correct: verdict === 'good', source: 'feedback' })
    if (verdict === 'good') return { known: true, dropped: false }
    await this.#part(hit)
    return { known: true, dropped: await this.#report(id, hit.tenant, hit) }
  }

  /** Parts a request from the answer that was called wrong for it. */
  async #part({ tenant, key, answer, scope, turn }: ServedHit): Promise<void> {
    const { answers } = this.#parts
    await Promise.all([
      answers.refusals.set([tenant, key, answer], true),
      turn === '' ? undefined : answers.links.delete([tenant, turn]),
      changeIndex(this.#parts, (index, signal) => index.relink(scope, key, key, signal)),
    ])
  }

  /** Counts a bad report of an entry; the last one of those it takes drops the answer. Reporting twice counts once. */
  async #report(
    id: string,
    tenant: string,
    { entry, scope }: { entry: string; scope: string | undefined },
  ): Promise<boolean> {
    const { answers, dropAfter } = this.#parts
    for (let number = 1; number <= dropAfter; number++) {
      // A load under a lease: of all processes that report at once, one gets each number.
      const reporter = await answers.reports.getOrSet([tenant, entry, number], () => id)
      if (reporter !== id) continue
      if (number < dropAfter) return false
      await this.#drop(tenant, { entry, scope })
      return true
    }
    return false
  }

  async #drop(tenant: string, { entry, scope }: { entry: string; scope: string | undefined }): Promise<void> {
    const { answers, dropAfter, telemetry } = this.#parts
    const stored = await answers.entries.get([tenant, entry])
    await answers.entries.delete([tenant, entry])
    const numbers = Array.from({ length: dropAfter }, (_, at) => at + 1)
    await Promise.all(numbers.map((number) => answers.reports.delete([tenant, entry, number])))
    const known = scope ?? stored?.scope
    if (known !== undefined) await changeIndex(this.#parts, (index, signal) => index.delete(known, entry, signal))
    telemetry.emit({ type: 'entry-dropped', id: entry, cause: 'reports' })
  }
}
