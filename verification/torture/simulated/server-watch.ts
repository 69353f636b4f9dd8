import type { ModelServer } from '../../redis-model/server.ts'
import type { Checker } from '../history/checker.ts'
import type { Coverage } from '../history/coverage.ts'

const CLOCK_KEY = '{torture}:clk'
const TAGS_KEY = '{torture}:tags'

/** Watches the namespace's metadata: within one incarnation nothing counts backwards, and no record is ahead of the clock. */
export class ServerWatch {
  readonly #checker: Checker
  readonly #coverage: Coverage
  #last: readonly string[] = []
  #life = ''

  constructor(checker: Checker, coverage: Coverage) {
    this.#checker = checker
    this.#coverage = coverage
  }

  executed(server: ModelServer, command: string, args: readonly string[]): void {
    if (!command.toUpperCase().startsWith('EVAL')) return
    for (const key of args) {
      if (key.startsWith('torture:') && server.keyspace.timeToLive(key) === -1)
        this.#checker.report('never-expires', `${key} has no end`)
    }
    const now = server.keyspace.string(CLOCK_KEY)?.split(':')
    if (now === undefined) return
    if (server.runId !== this.#life) this.#last = []
    this.#life = server.runId
    const [incarnation, c, n, floor] = now
    const moved = c !== this.#last[1] || n !== this.#last[2]
    if (incarnation === this.#last[0]) {
      for (const at of [1, 2, 3]) {
        if (Number(now[at]) < Number(this.#last[at]))
          this.#checker.report('clock-went-back', `${this.#last.join(':')} became ${now.join(':')}`)
      }
      if (moved && server.full && args.includes(CLOCK_KEY) && c !== this.#last[1])
        this.#coverage.count('memory full during a tag invalidation')
    }
    this.#last = now
    const newest = Math.max(0, ...(server.keyspace.sortedSet(TAGS_KEY)?.values() ?? []))
    if (newest > Number(c) || Number(floor) > Number(c))
      this.#checker.report('clock-went-back', `a record ${newest} or the floor ${floor} is ahead of the clock ${c}`)
  }
}
