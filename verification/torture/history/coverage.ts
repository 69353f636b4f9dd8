/** How often the situations occurred that the guarantee is hard in. */
export class Coverage {
  readonly counts = new Map<string, number>()

  count(situation: string, times = 1): void {
    if (times > 0) this.counts.set(situation, (this.counts.get(situation) ?? 0) + times)
  }

  add(other: Coverage): void {
    for (const [situation, times] of other.counts) this.count(situation, times)
  }

  /** The required situations that did not occur. */
  missing(): string[] {
    return REQUIRED.filter((situation) => !this.counts.has(situation))
  }
}

/** A run of a thousand schedules or more must have met each of these. */
const REQUIRED: readonly string[] = [
  'message before an older reply',
  'pause longer than maxStaleness with timers due',
  'clock evicted alone',
  'tags evicted alone',
  'restart with older data',
  'memory full during a tag invalidation',
  'two processes deferring',
  'cut between execution and reply: acquire',
  'cut between execution and reply: commit',
  'cut between execution and reply: bump',
  'cut between execution and reply: hello',
  'cut between execution and reply: write',
  'executed after the sender gave up',
]
