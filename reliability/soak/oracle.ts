/** How much later than `maxStaleness` another process is held to what it must know: timers of a busy machine run late. */
const GRACE = 500

/** What one row must be at least, for whom. */
interface Duty {
  /** By process: the newest version whose invalidation has resolved there. */
  readonly here: number[]
  /** The newest version that everybody must know by now. */
  everywhere: number
  /** The next one, and when everybody has to know it. */
  next: number
  nextAt: number
}

/**
 * Which version a read must return at least (docs/concepts/freshness.md): in the process that invalidated, what it had written
 * before, whatever became of the invalidation; in another one, what was delivered more than `maxStaleness` before.
 */
export class Oracle {
  readonly #duties: readonly Duty[]
  readonly #patience: number

  constructor({ rows, processes, maxStaleness }: { rows: number; processes: number; maxStaleness: number }) {
    this.#patience = maxStaleness + GRACE
    this.#duties = Array.from({ length: rows }, () => ({
      here: new Array<number>(processes).fill(0),
      everywhere: 0,
      next: 0,
      nextAt: Number.POSITIVE_INFINITY,
    }))
  }

  /** The invalidation of a version has resolved in a process, delivered or queued. */
  resolved(row: number, process: number, version: number): void {
    const { here } = this.#duties[row] as Duty
    here[process] = Math.max(here[process] as number, version)
  }

  /** It has reached Redis. Of those that follow each other within `maxStaleness` only the first is kept in mind. */
  delivered(row: number, version: number, now: number): void {
    const duty = this.#duties[row] as Duty
    this.#ripen(duty, now)
    if (duty.nextAt < Number.POSITIVE_INFINITY) return
    duty.next = version
    duty.nextAt = now + this.#patience
  }

  /** The least version for a read that begins now. */
  least(row: number, process: number, now: number): number {
    const duty = this.#duties[row] as Duty
    this.#ripen(duty, now)
    return Math.max(duty.here[process] as number, duty.everywhere)
  }

  #ripen(duty: Duty, now: number): void {
    if (now < duty.nextAt) return
    duty.everywhere = Math.max(duty.everywhere, duty.next)
    duty.nextAt = Number.POSITIVE_INFINITY
  }
}
