/**
 * What is known of single answers: how often in a row they were wrong where they looked right. One wrong answer puts an answer on
 * probation: it is asked of the model until it was right again. Three in a row condemn it: its entries are no longer looked at.
 */
export class AnswerRecords {
  readonly #streaks = new Map<string, number>()

  /** Notes a finding, and answers whether it condemns the answer. */
  note(answer: string, correct: boolean): boolean {
    const streak = this.#streaks.get(answer) ?? 0
    if (streak >= CONDEMNED) return false
    this.#streaks.delete(answer)
    if (correct) return false
    this.#streaks.set(answer, streak + 1)
    for (const oldest of this.#streaks.keys()) {
      if (this.#streaks.size <= MOST_ANSWERS) break
      this.#streaks.delete(oldest)
    }
    return streak + 1 === CONDEMNED
  }

  isOnProbation(answer: string): boolean {
    return this.#streaks.has(answer)
  }

  isCondemned(answer: string): boolean {
    return (this.#streaks.get(answer) ?? 0) >= CONDEMNED
  }
}

/** Wrong answers in a row that condemn. */
export const CONDEMNED = 3
/** Answers in doubt that are remembered; past it the one noted longest ago is forgotten. */
const MOST_ANSWERS = 10_000
