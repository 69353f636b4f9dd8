import type { Redis } from 'ioredis'
import { MAX_STALENESS } from '../application/entries.ts'
import { keyIn } from '../application/granary.ts'
import { planChecks } from '../history/check-plan.ts'
import { Checker } from '../history/checker.ts'
import { Coverage } from '../history/coverage.ts'
import type { Outcome } from '../history/outcome.ts'
import type { Entry, Happened, Record } from '../history/record.ts'
import { SET_APART, setApart } from '../history/set-apart.ts'
import { endOf, isApplication, type Schedule } from '../schedule/schedule.ts'
import { disturb, type RealWorld } from './disturb.ts'
import type { Opening } from './messages.ts'
import { pause } from './pause.ts'
import { RemoteDatabase } from './remote-database.ts'
import { sharedNow } from './shared-time.ts'
import type { Site } from './site.ts'

/** How long everything may take to end when nothing is wrong any more. */
const PATIENCE = 30_000
/** How long a cache may take to close. */
const CLOSING = 6_000
/** Orders are given so long before they are due, in milliseconds. */
const HEAD_START = 30
/** How often it is looked whether a process talks to a master that was deposed, in milliseconds. */
const LOOK_EVERY = 30

/** What is run, and where. */
export interface RealPlan {
  readonly site: Site
  readonly library: string
  readonly databasePort: number
  /** A connection to it. */
  readonly database: Redis
  /** Tells runs of the same schedule apart. */
  readonly run: string
}

/** One schedule on a site: real processes, a real server, real time. Each run is a little different. */
export async function runForReal(schedule: Schedule, plan: RealPlan): Promise<Outcome> {
  return new RealRun(schedule, plan).play()
}

class RealRun {
  readonly #schedule: Schedule
  readonly #plan: RealPlan
  readonly #records: Record[] = []
  readonly #coverage = new Coverage()
  readonly #namespace: string
  readonly #world: RealWorld
  readonly #busy: Promise<unknown>[] = []
  /** Who runs in each worker. */
  readonly #labels: string[] = []
  /** Since when a process talks, or has talked, to a master that was deposed. */
  #misledAt: number | undefined
  #sawDeposed = false
  #isOver = false
  #startsAt = 0
  #phase = 'clearing'
  #lives = 0

  constructor(schedule: Schedule, plan: RealPlan) {
    this.#schedule = schedule
    this.#plan = plan
    this.#namespace = `torture-${plan.run}`
    this.#world = {
      site: plan.site,
      namespace: this.#namespace,
      coverage: this.#coverage,
      crash: (index) => this.#crash(index),
      writeFrom: (entry) => this.#writeFromOutside(entry),
    }
  }

  /** Rejects when the site itself does not come to an end: that says nothing about what is tortured. */
  async play(): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined
    const stuck = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`seed ${this.#schedule.seed} got stuck: ${this.#phase}`)),
        endOf(this.#schedule) + 4 * PATIENCE + CLOSING + this.#plan.site.servers.replacing,
      )
    })
    return Promise.race([this.#play(), stuck]).finally(() => {
      clearTimeout(timer)
      this.#isOver = true
    })
  }

  async #play(): Promise<Outcome> {
    const { site } = this.#plan
    await site.clear()
    this.#phase = 'a replica follows'
    if (this.#schedule.steps.some(({ action }) => action.kind === 'lag')) await site.servers.follow()
    this.#phase = 'opening'
    this.#startsAt = sharedNow() + HEAD_START
    const workers = site.workers.slice(0, this.#schedule.processes.length)
    await Promise.all(workers.map((_, index) => this.#open(index, `P${index}`)))
    void this.#watchDeposed()
    for (const { at, action } of this.#schedule.steps)
      if (!isApplication(action)) this.#at(at, () => disturb(this.#world, action))
    this.#phase = 'the schedule'
    await this.#until(endOf(this.#schedule) + 1)
    this.#phase = 'disturbances'
    await Promise.all(this.#busy)
    await this.#comeToRest()
    return this.#check()
  }

  async #comeToRest(): Promise<void> {
    const { site } = this.#plan
    this.#phase = 'healing'
    await site.heal()
    this.#phase = 'settling'
    await this.#tellAll({ kind: 'settle', within: PATIENCE })
    this.#note({ kind: 'rested' })
    this.#phase = 'opening a newcomer'
    await this.#open(0, 'N')
    this.#phase = 'looking'
    await pause(MAX_STALENESS + 20)
    const entries = this.#entries()
    await this.#tellAll({ kind: 'look', entries })
    await this.#tellAll({ kind: 'settle', within: PATIENCE })
    this.#note({ kind: 'looked' })
    this.#phase = 'closing'
    await this.#tellAll({ kind: 'close', within: CLOSING })
    this.#note({ kind: 'closed' })
  }

  #check(): Outcome {
    const plan = planChecks(this.#schedule, {
      leaseTime: 500,
      lateWake: 2_000,
      slack: 3_000,
      // Whether the budget of a call is kept depends on what else the machine does.
      connectedAt: undefined,
      tooOld: undefined,
    })
    const checker = new Checker(plan, this.#coverage)
    for (const record of this.#records.toSorted((a, b) => a.at - b.at)) checker.observe(record)
    const { broken, apart } = setApart(checker.violations, this.#misledAt)
    this.#coverage.count(SET_APART, apart.length > 0 ? 1 : 0)
    return { violations: broken, reads: checker.reads, coverage: this.#coverage }
  }

  async #open(index: number, label: string): Promise<void> {
    const { site, library, databasePort } = this.#plan
    const { steps, processes, mode } = this.#schedule
    const worker = site.workers[index]
    if (worker === undefined) return
    worker.onRecords = (records) => this.#records.push(...records)
    this.#labels[index] = label
    const from = label === `P${index}` ? Number.NEGATIVE_INFINITY : sharedNow() - this.#startsAt
    const opening: Opening = {
      label,
      library,
      mode,
      namespace: this.#namespace,
      ...site.wayOf(index),
      databasePort,
      skew: processes[index] as (typeof processes)[number],
      startsAt: this.#startsAt,
      steps: steps.filter(({ at, action }) => isApplication(action) && action.process === index && at > from),
    }
    await worker.tell({ kind: 'open', ...opening })
  }

  /** The process is killed; another takes its place and does what is still to be done. */
  async #crash(index: number): Promise<void> {
    const { site } = this.#plan
    await site.workers[index]?.kill()
    this.#records.push({ kind: 'died', process: this.#labels[index] ?? '', at: this.#now() })
    this.#lives += 1
    await site.replace(index)
    await this.#open(index, `P${index}'${this.#lives}`)
  }

  /** Another program changes a row and deletes its entry, past all proxies, if there is a server that does it. */
  async #writeFromOutside(entry: Entry): Promise<void> {
    const { site, database } = this.#plan
    const version = await new RemoteDatabase(database, this.#namespace).change(entry.row)
    const key = keyIn(this.#namespace, entry)
    const gone = await site.onKey(key, 'DEL', key)
    if (gone === undefined) return
    this.#coverage.count('another program wrote')
    const promises = [{ ...entry, version }]
    this.#records.push({ kind: 'delivered', promises, cause: 'foreign', at: this.#now(), process: 'another program' })
  }

  /** Every entry that was asked for or invalidated. */
  #entries(): Entry[] {
    const entries = new Map<string, Entry>()
    for (const record of this.#records) {
      const named = record.kind === 'asked' ? record.entries : record.kind === 'held' ? record.promises : []
      for (const { name, row } of named) entries.set(`${name}/${row}`, { name, row })
    }
    return [...entries.values()]
  }

  #note(happened: Happened): void {
    this.#records.push({ ...happened, at: this.#now(), process: '' })
  }

  #now(): number {
    return sharedNow() - this.#startsAt
  }

  /** Looks all the time whether a master is awake that was deposed and does not know it, and who talks to it. */
  async #watchDeposed(): Promise<void> {
    while (!this.#isOver) {
      const lookedAt = this.#now()
      const { isAwake, isUsed } = await this.#plan.site.deposed()
      if (isAwake && !this.#sawDeposed) this.#coverage.count('deposed master awake')
      this.#sawDeposed ||= isAwake
      if (isUsed && this.#misledAt === undefined) {
        this.#misledAt = lookedAt - LOOK_EVERY
        this.#coverage.count('deposed master awake, and a process talked to it')
      }
      await pause(LOOK_EVERY)
    }
  }

  async #tellAll(order: Parameters<Site['workers'][number]['tell']>[0]): Promise<void> {
    const { site } = this.#plan
    await Promise.all(site.workers.slice(0, this.#schedule.processes.length).map((worker) => worker.tell(order)))
  }

  #at(at: number, run: () => Promise<void>): void {
    // What cannot be done to a server that is dead already is not done.
    const work = this.#until(at).then(run)
    this.#busy.push(work.catch(() => this.#coverage.count('disturbance that came to nothing')))
  }

  async #until(at: number): Promise<void> {
    const left = at - this.#now()
    if (left > 0) await pause(left)
  }
}
