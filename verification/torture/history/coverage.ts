/** How often the situations occurred that the guarantee is hard in. */
export class Coverage {
  readonly counts = new Map<string, number>()

  count(situation: string, times = 1): void {
    if (times > 0) this.counts.set(situation, (this.counts.get(situation) ?? 0) + times)
  }

  add(other: Coverage): void {
    for (const [situation, times] of other.counts) this.count(situation, times)
  }

  /** The required situations that occurred less often than so many schedules have to meet them. */
  rare(required: Readonly<Record<string, number>>, schedules: number): string[] {
    return Object.entries(required).flatMap(([situation, perThousand]) => {
      const least = Math.ceil((perThousand * schedules) / 1_000)
      const times = this.counts.get(situation) ?? 0
      return times < least ? [`${situation}: ${times} times, at least ${least} were due`] : []
    })
  }
}

/** How often a thousand simulated schedules must meet each situation, at least. */
export const REQUIRED_SIMULATED: Readonly<Record<string, number>> = {
  'message before an older reply': 100,
  'pause longer than maxStaleness with timers due': 20,
  'clock evicted alone': 10,
  'tags evicted alone': 10,
  'restart with older data': 20,
  'replica promoted behind by an invalidation': 5,
  'memory full during a tag invalidation': 10,
  'two processes deferring': 30,
  'cut between execution and reply: acquire': 2,
  'cut between execution and reply: commit': 1,
  'cut between execution and reply: bump': 4,
  'cut between execution and reply: hello': 1,
  'cut between execution and reply: write-and-tell': 0.2,
  'cut between execution and reply: put-and-tell': 0.1,
  'cut between execution and reply: release': 0.1,
  'cut between execution and reply: renew': 0.1,
  'cut between execution and reply: bump-awaited': 0.5,
  'executed after the sender gave up': 100,
  'machine suspended': 2,
  'another program wrote': 100,
  'visitor in another process': 100,
}

/** The same for a thousand real schedules. */
export const REQUIRED_REAL: Readonly<Record<string, number>> = {
  'slow data': 20,
  'slow subscriber': 20,
  partition: 20,
  'one-way partition': 10,
  'connection reset': 20,
  'subscriber killed': 5,
  'messages lost': 20,
  'cut between execution and reply': 5,
  'SIGSTOP longer than maxStaleness': 20,
  'process killed (SIGKILL)': 10,
  'server stopped (SIGSTOP)': 20,
  'server killed, back with older data': 10,
  'server killed, back empty': 5,
  'replica promoted behind by an invalidation': 5,
  'clock evicted alone': 5,
  'tags evicted alone': 5,
  FLUSHALL: 10,
  'memory full': 10,
  'another program wrote': 50,
  'visitor in another process': 50,
}
