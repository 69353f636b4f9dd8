import { type Database, type Jar, perform, type Stage } from '../application/operations.ts'
import type { Subject } from '../application/subject.ts'
import { Tracker } from '../application/tracker.ts'
import type { Entry, Happened, Record } from '../history/record.ts'
import { isApplication, type Step } from '../schedule/schedule.ts'
import type { Opening } from './messages.ts'
import { pause } from './pause.ts'
import { sharedNow } from './shared-time.ts'

/** What is shared with other processes, and never disturbed. */
interface Ports {
  readonly database: Database
  readonly jar: Jar
}

/** One process of the application during one schedule. */
export class ApplicationProcess {
  readonly #label: string
  readonly #subject: Subject
  readonly #tracker: Tracker
  readonly #stage: Stage
  readonly #record: (happened: Happened) => void
  /** Steps that are still to come. */
  #waiting = 0

  private constructor(
    label: string,
    {
      subject,
      database,
      jar,
      now,
      record,
    }: Ports & { subject: Subject; now: () => number; record: (happened: Happened) => void },
  ) {
    this.#label = label
    this.#subject = subject
    this.#record = record
    this.#tracker = new Tracker(record)
    let count = 0
    this.#stage = {
      label,
      subject,
      database,
      jar,
      now,
      wait: (ms) => new Promise((resolve) => void setTimeout(resolve, ms)),
      record,
      track: (what, work) => void this.#tracker.track(what, work),
      turns: new Map(),
      count: () => count++,
    }
  }

  /** Opens the cache and begins with the steps; what is overdue is done at once. */
  static async open(
    { label, skew, startsAt, steps }: Opening,
    { open, database, jar, write }: Ports & { open: () => Promise<Subject>; write: (record: Record) => void },
  ): Promise<ApplicationProcess> {
    const now = () => sharedNow() - startsAt
    const record = (happened: Happened) => write({ ...happened, at: now(), process: label })
    record({ kind: 'born', skew })
    const opened = new ApplicationProcess(label, { subject: await open(), database, jar, now, record })
    for (const step of steps) opened.#await(step, startsAt)
    return opened
  }

  /** Resolves when every step has been taken, every operation has ended and Redis is in use, or after so long. */
  async settle(within: number): Promise<void> {
    const until = sharedNow() + within
    void this.#tracker.track('reconnect', this.#connected(until))
    while (sharedNow() < until && (this.#waiting > 0 || this.#tracker.running.length > 0)) await pause(5)
  }

  /** Asks for every entry, in memory and wherever it is. */
  look(entries: readonly Entry[]): void {
    for (const entry of entries)
      for (const kind of ['peek', 'get'] as const) this.#begin({ at: 0, action: { kind, process: 0, ...entry } })
  }

  /** Tells what is left when nothing runs, and closes the cache. */
  async close(within: number): Promise<void> {
    const until = sharedNow() + within
    let left = this.#subject.inspect()
    if (left.failures > 0) this.#record({ kind: 'disturbed' })
    while (left.flights + left.background + left.puts + left.queued > 0 && sharedNow() < until) {
      await pause(5)
      left = this.#subject.inspect()
    }
    const { flights, background, puts, queued } = left
    this.#record({ kind: 'left-over', flights, background, puts, queued })
    await Promise.race([this.#tracker.track('close', this.#subject.close()), pause(within)])
  }

  /** This process did not run for a while. */
  disturb(): void {
    this.#record({ kind: 'disturbed' })
  }

  #await(step: Step, startsAt: number): void {
    this.#waiting += 1
    setTimeout(
      () => {
        this.#waiting -= 1
        this.#begin(step)
      },
      Math.max(0, startsAt + step.at - sharedNow()),
    )
  }

  #begin({ action }: Step): void {
    if (!isApplication(action)) return
    const what = `${action.kind} ${'row' in action ? `${action.name}/${action.row}` : action.name}`
    void this.#tracker.track(what, perform(this.#stage, action))
  }

  async #connected(until: number): Promise<void> {
    for (let state = this.#subject.inspect(); !state.connected; state = this.#subject.inspect()) {
      if (sharedNow() >= until) {
        console.error(`${this.#label} is not connected: ${JSON.stringify(state)}`)
        await new Promise(() => {})
      }
      await pause(5)
    }
  }
}
