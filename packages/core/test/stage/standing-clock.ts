import { ManualClock } from '@granary/testing'
import { until } from './redis-stage.ts'

/**
 * A clock for a node on a real server: it stands still until the test moves it. Budgets, leases and proofs of that node are
 * then facts of the protocol, to the millisecond, however busy the machine is; the server's answers take what they take.
 */
export class StandingClock extends ManualClock {
  /** The delays of all timers that were set, in milliseconds and in order. */
  readonly delays: number[] = []

  constructor() {
    super({ now: 1_000_000 })
  }

  override schedule(delay: number, run: () => void): () => void {
    this.delays.push(delay)
    return super.schedule(delay, run)
  }

  /** Whether work is still pending after everything that could settle it without time passing has had its turn. */
  async isPending(work: Promise<unknown>, turns = 20): Promise<boolean> {
    let settled = false
    const mark = () => {
      settled = true
    }
    work.then(mark, mark)
    await this.settle(turns)
    return !settled
  }

  /** Moves time by `step` milliseconds at a time until `fact` holds; answers how far it had to go. */
  async until(fact: () => boolean | Promise<boolean>, step = 25): Promise<number> {
    const startedAt = this.now()
    await until(async () => {
      if (await fact()) return true
      await this.advanceAsync(step)
      return false
    }, 10_000)
    return this.now() - startedAt
  }
}

/** How many turns of the event loop work takes: what waits for nothing takes a few, on any machine. */
export async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  let turns = 0
  let running = true
  const count = () => {
    turns += 1
    if (running) setImmediate(count)
  }
  setImmediate(count)
  try {
    await work()
  } finally {
    running = false
  }
  return turns
}
