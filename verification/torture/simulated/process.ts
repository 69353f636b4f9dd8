import { Chance } from '../../simulation/chance.ts'
import { SimulatedClient } from '../../simulation/client.ts'
import type { Network } from '../../simulation/network.ts'
import { ProcessClock, type Skew } from '../../simulation/process-clock.ts'
import { type CreateCache, GranarySubject } from '../application/granary.ts'
import { type Database, type Jar, perform, type Stage } from '../application/operations.ts'
import { Tracker } from '../application/tracker.ts'
import type { Happened, Record } from '../history/record.ts'
import { MODES, type Mode } from '../schedule/modes.ts'
import type { ApplicationAction } from '../schedule/schedule.ts'

/** What a simulated process needs. */
export interface ProcessPlan {
  readonly network: Network
  readonly index: number
  /** 0 for the first processes; a later number for those that replace them. */
  readonly life: number
  readonly skew: Skew
  readonly seed: number
  readonly create: CreateCache
  readonly mode: Mode
  readonly database: Database
  readonly jar: Jar
  readonly record: (record: Record) => void
}

/** One simulated process: its own clock, chance, cache and connections. */
export class SimulatedProcess {
  readonly label: string
  readonly index: number
  readonly clock: ProcessClock
  readonly subject: GranarySubject
  readonly #tracker: Tracker
  readonly #stage: Stage
  readonly #record: (happened: Happened) => void

  constructor({ network, index, life, skew, seed, create, mode, database, jar, record }: ProcessPlan) {
    this.index = index
    this.label = life === 0 ? `P${index}` : `P${index}'${life}`
    this.clock = new ProcessClock(network.timeline, skew)
    this.#record = (happened) => {
      if (!this.clock.dead) record({ ...happened, at: network.timeline.now, process: this.label })
    }
    this.#tracker = new Tracker(this.#record)
    this.#record({ kind: 'born', skew })
    this.subject = new GranarySubject(create, {
      namespace: 'torture',
      clock: this.clock,
      random: new Chance(seed, index, life),
      redis: {
        client: new SimulatedClient({ network, process: index, clock: this.clock }),
        callBudget: '60ms',
        leaseTime: `${LEASE_TIME}ms`,
      },
      ...MODES[mode].options,
    })
    let count = 0
    this.#stage = {
      label: this.label,
      subject: this.subject,
      database,
      jar,
      now: () => network.timeline.now,
      wait: (ms) => this.#wait(ms),
      record: this.#record,
      track: (what, work) => void this.#tracker.track(what, work),
      turns: new Map(),
      count: () => count++,
    }
  }

  /** Begins an operation. */
  begin(action: ApplicationAction): void {
    const what = `${action.kind} ${'row' in action ? `${action.name}/${action.row}` : action.name}`
    void this.#tracker.track(what, perform(this.#stage, action))
  }

  /** Whether it is not paused, nothing runs in it, nothing waits for Redis, and Redis is in use. */
  get isAtRest(): boolean {
    if (this.clock.isPaused || this.#tracker.running.length > 0) return false
    const { flights, background, puts, queued, connected } = this.subject.inspect()
    return connected && flights + background + puts + queued === 0
  }

  /** Ends it at once: its timers never run again, and whatever else of it is left is heard no more. */
  crash(): void {
    this.#record({ kind: 'died' })
    this.clock.dead = true
  }

  /** Tells what is left in it, and closes its cache. */
  close(): void {
    const { flights, background, puts, queued } = this.subject.inspect()
    this.#record({ kind: 'left-over', flights, background, puts, queued })
    void this.#tracker.track('close', this.subject.close())
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.clock.schedule(ms, resolve)
    })
  }
}

/** How long a lease lives without its holder, in milliseconds. */
export const LEASE_TIME = 500
