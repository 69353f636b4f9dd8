interface Waiting {
  readonly endedAt: number
  readonly judge: () => void
}

/**
 * Answers that wait for judgement.
 *
 * An answer may show a change that the driver has sent and not seen answered. So it is judged only once every change that
 * began before it ended has ended too, and the world knows what came of each.
 */
export class Docket {
  readonly #running = new Set<{ readonly startedAt: number }>()
  readonly #waiting: Waiting[] = []

  /** Says that a change is sent; call what it returns once the world knows its outcome. */
  begin(startedAt: number): () => void {
    const change = { startedAt }
    this.#running.add(change)
    return () => {
      this.#running.delete(change)
      this.#judgeWhatIsRipe()
    }
  }

  /** Hands in an answer; `judge` runs when it is ripe, in the order in which answers came. */
  add(endedAt: number, judge: () => void): void {
    this.#waiting.push({ endedAt, judge })
    this.#judgeWhatIsRipe()
  }

  /** Answers not judged yet. */
  get size(): number {
    return this.#waiting.length
  }

  #judgeWhatIsRipe(): void {
    let horizon = Number.POSITIVE_INFINITY
    for (const { startedAt } of this.#running) horizon = Math.min(horizon, startedAt)
    let ripe = 0
    while (ripe < this.#waiting.length && (this.#waiting[ripe] as Waiting).endedAt < horizon) ripe += 1
    for (const { judge } of this.#waiting.splice(0, ripe)) judge()
  }
}
