import { Network } from '../../simulation/network.ts'
import { EPOCH } from '../../simulation/process-clock.ts'
import { settle, Timeline } from '../../simulation/timeline.ts'
import { MAX_STALENESS } from '../application/entries.ts'
import type { CreateCache } from '../application/granary.ts'
import { longestLoad, planChecks } from '../history/check-plan.ts'
import { Checker } from '../history/checker.ts'
import { Coverage } from '../history/coverage.ts'
import type { Outcome } from '../history/outcome.ts'
import type { Entry, Happened } from '../history/record.ts'
import { type Action, endOf, isApplication, type Schedule } from '../schedule/schedule.ts'
import { SimulatedDatabase } from './database.ts'
import { SimulatedJar } from './jar.ts'
import { LEASE_TIME, SimulatedProcess } from './process.ts'
import { ServerWatch } from './server-watch.ts'
import { disturb, type Surroundings } from './world.ts'

/** After everything has been healed, this long is enough for every wait of the engine to end, loads apart. */
const CALM_AFTER = 3_500
/** And so long is waited at least: what memory does not know by then it never learns. */
const LEAST_CALM = 3 * MAX_STALENESS
/** How often it is looked whether anything still runs. */
const LOOK_EVERY = 100

/** One schedule, run against an engine. Everything is simulated but the engine: time, chance, network, server, processes. */
export async function runSchedule(schedule: Schedule, create: CreateCache): Promise<Outcome> {
  return new Run(schedule, create).play()
}

class Run {
  readonly #coverage = new Coverage()
  readonly #checker: Checker
  readonly #schedule: Schedule
  readonly #create: CreateCache
  readonly #timeline = new Timeline()
  readonly #database = new SimulatedDatabase()
  readonly #jar = new SimulatedJar()
  readonly #network: Network
  readonly #processes: SimulatedProcess[] = []
  readonly #world: Surroundings
  #lives = 0

  constructor(schedule: Schedule, create: CreateCache) {
    this.#schedule = schedule
    this.#create = create
    this.#checker = new Checker(
      planChecks(schedule, { leaseTime: LEASE_TIME, lateWake: 100, slack: 0, connectedAt: 400, tooOld: 50 }),
      this.#coverage,
    )
    const watch = new ServerWatch(this.#checker, this.#coverage)
    this.#network = new Network({
      timeline: this.#timeline,
      seed: schedule.seed,
      serverEpoch: EPOCH + 86_400_000,
      onCutAfter: (script) => this.#coverage.count(`cut between execution and reply: ${script}`),
      onExecuted: (...command) => watch.executed(this.#network.server, ...command),
    })
    this.#world = {
      network: this.#network,
      coverage: this.#coverage,
      process: (index) => this.#processes[index] as SimulatedProcess,
      crash: (index) => this.#crash(index),
      writeFrom: (entry) => this.#writeFromOutside(entry),
      saved: undefined,
      replica: undefined,
    }
    schedule.processes.forEach((_, index) => {
      this.#start(index)
    })
  }

  async play(): Promise<Outcome> {
    const timeline = this.#timeline
    await settle()
    for (const { at, action } of this.#schedule.steps) timeline.at(at, () => this.#act(action), 1)
    await timeline.runUntil(endOf(this.#schedule) + 1)
    this.#network.heal()
    await this.#comeToRest()
    await this.#lookAtRest()
    for (const process of this.#processes) process.close()
    await timeline.runUntil(timeline.now + 6_000)
    this.#note({ kind: 'closed' })
    this.#coverage.count('message before an older reply', this.#network.overtaken)
    this.#coverage.count('executed after the sender gave up', this.#network.zombies)
    const { violations, reads } = this.#checker
    return { violations, reads, coverage: this.#coverage }
  }

  #note(happened: Happened): void {
    this.#checker.observe({ ...happened, at: this.#timeline.now, process: '' })
  }

  #start(index: number): void {
    const { processes, seed, mode } = this.#schedule
    this.#processes[index] = new SimulatedProcess({
      network: this.#network,
      index,
      life: this.#lives++ < processes.length ? 0 : this.#lives,
      skew: processes[index % processes.length] as (typeof processes)[number],
      seed,
      create: this.#create,
      mode,
      database: this.#database,
      jar: this.#jar,
      record: (record) => this.#checker.observe(record),
    })
  }

  /** The application's actions wait while their process is paused, and come first when it continues. */
  #act(action: Action): boolean {
    if (!isApplication(action)) {
      disturb(this.#world, action)
      return true
    }
    const process = this.#processes[action.process] as SimulatedProcess
    if (this.#timeline.now < process.clock.pausedUntil) {
      this.#timeline.at(process.clock.pausedUntil, () => this.#act(action), 1)
      return false
    }
    process.begin(action)
    return true
  }

  #crash(index: number): void {
    const victim = this.#processes[index] as SimulatedProcess
    victim.crash()
    for (const socket of [...this.#network.sockets]) if (socket.plan.clock === victim.clock) socket.close()
    this.#start(index)
  }

  /** Another program changes a row and deletes its entry, if there is a server that does it. */
  #writeFromOutside(entry: Entry): void {
    const version = this.#database.changeNow(entry.row)
    const { server, downUntil, hungUntil } = this.#network
    if (Math.max(downUntil, hungUntil) > this.#timeline.now) return
    const [process] = this.#processes
    server.execute({ receive() {} }, 'DEL', [(process as SimulatedProcess).subject.keyOf(entry)])
    this.#coverage.count('another program wrote')
    const promises = [{ ...entry, version }]
    this.#checker.observe({
      kind: 'delivered',
      promises,
      cause: 'foreign',
      at: this.#timeline.now,
      process: 'another program',
    })
  }

  /** Waits until nothing runs any more and every process uses Redis, but not for ever. */
  async #comeToRest(): Promise<void> {
    const timeline = this.#timeline
    const until = timeline.now + CALM_AFTER + 2 * longestLoad(this.#schedule)
    await timeline.runUntil(timeline.now + LEAST_CALM)
    while (timeline.now < until && !this.#processes.every((process) => process.isAtRest))
      await timeline.runUntil(Math.min(until, timeline.now + LOOK_EVERY))
  }

  /** Nothing is under way any more: every promise has been kept everywhere, and a newcomer sees it too. */
  async #lookAtRest(): Promise<void> {
    this.#note({ kind: 'rested' })
    this.#start(this.#processes.length)
    await this.#timeline.runUntil(this.#timeline.now + 200)
    for (const process of this.#processes)
      for (const entry of this.#checker.entries)
        for (const kind of ['peek', 'get'] as const) process.begin({ kind, process: process.index, ...entry })
    await this.#timeline.runUntil(this.#timeline.now + 500)
    this.#note({ kind: 'looked' })
  }
}
