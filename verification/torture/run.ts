import { type createCache, InvalidationNotDelivered } from '@granary/core'
import type { Place } from '../simulation/network.ts'
import { Network } from '../simulation/network.ts'
import { EPOCH } from '../simulation/process-clock.ts'
import { settle, Timeline } from '../simulation/timeline.ts'
import { AppProcess, OWNED_ROWS, ROWS, TIMES } from './application.ts'
import { Coverage } from './coverage.ts'
import { History, type Violation } from './history.ts'
import { batch, Database, put, read, type Stage, set, write } from './operations.ts'
import { type Action, type EntryName, endOf, isCalm, type Schedule } from './schedule.ts'
import { ServerWatch } from './server-watch.ts'
import { disturb, type Surroundings } from './world.ts'

/** What a run showed. */
export interface Outcome {
  readonly violations: readonly Violation[]
  readonly reads: number
  readonly coverage: Coverage
}

/** How the engine under test is made. */
export type CreateCache = typeof createCache

/** After everything has been healed, this long is enough for every wait of the engine to end. */
const CALM_AFTER = 3_500

/** By then every process has made its first connection, if nothing is wrong. */
const TIME_TO_CONNECT = 400

interface Pending {
  readonly what: string
  readonly process: AppProcess
  readonly since: number
}

/** One schedule, run against an engine. Everything is simulated but the engine: time, chance, network, server, processes. */
export async function runSchedule(schedule: Schedule, create: CreateCache): Promise<Outcome> {
  const run = new Run(schedule, create)
  await run.play()
  return { violations: run.history.violations, reads: run.history.reads, coverage: run.coverage }
}

class Run {
  readonly coverage = new Coverage()
  readonly history: History
  readonly #schedule: Schedule
  readonly #create: CreateCache
  readonly #timeline = new Timeline()
  readonly #network: Network
  readonly #watch: ServerWatch
  readonly #processes: AppProcess[] = []
  readonly #pending = new Set<Pending>()
  readonly #stage: Stage
  readonly #world: Surroundings
  readonly #longestLoad: number
  /** A write-through, a load that fails, and an own one. */
  readonly #longestWait: number
  #lives = 0

  constructor(schedule: Schedule, create: CreateCache) {
    this.#schedule = schedule
    this.#create = create
    const { seed } = schedule
    const timeline = this.#timeline
    this.history = new History({
      now: () => timeline.now,
      witnesses: () => this.#processes,
      maxStaleness: TIMES.maxStaleness,
    })
    this.#watch = new ServerWatch(this.history, this.coverage)
    this.#network = new Network({
      timeline,
      seed,
      serverEpoch: EPOCH + 86_400_000,
      onCutAfter: (script) => this.coverage.count(`cut between execution and reply: ${script}`),
      onExecuted: (...command) => this.#watch.executed(this.#network.server, ...command),
    })
    const onlyMemoryIsWrong = schedule.steps.every(({ action }) => isApplication(action) || action.kind === 'full')
    this.#stage = {
      history: this.history,
      database: new Database(),
      rows: ROWS + OWNED_ROWS,
      mustDeliver: () => onlyMemoryIsWrong && timeline.now > TIME_TO_CONNECT,
      isCalm: isCalm(schedule),
      now: () => timeline.now,
      turns: new Map(),
      track: (what, process, work) => this.#track(what, process, work),
    }
    this.#world = {
      network: this.#network,
      coverage: this.coverage,
      process: (index) => this.#processes[index] as AppProcess,
      crash: (index) => this.#crash(index),
      saved: undefined,
    }
    const loads = schedule.steps.flatMap(({ action }) =>
      'load' in action ? [action.load.before + action.load.after] : [],
    )
    this.#longestLoad = Math.max(0, ...loads)
    const holders = schedule.steps.some(({ action }) => action.kind === 'put') ? 3 : 2
    this.#longestWait = holders * this.#longestLoad + TIMES.leaseTime
    schedule.processes.forEach((_, index) => {
      this.#start(index)
    })
  }

  async play(): Promise<void> {
    const timeline = this.#timeline
    await settle()
    for (const { at, action } of this.#schedule.steps) timeline.at(at, () => this.#act(action), 1)
    await timeline.runUntil(endOf(this.#schedule) + 1)
    this.#network.heal()
    await timeline.runUntil(timeline.now + CALM_AFTER + 2 * this.#longestLoad)
    await this.#inspectAtRest()
    await this.#closeAll()
    this.#judgeLoads()
    this.coverage.count('message before an older reply', this.#network.overtaken)
    this.coverage.count('executed after the sender gave up', this.#network.zombies)
  }

  #start(index: number): AppProcess {
    const { processes, seed } = this.#schedule
    const skew = processes[index % processes.length] as (typeof processes)[number]
    const process = new AppProcess(this.#network, { index, life: this.#lives++, skew, seed, create: this.#create })
    this.#processes[index] = process
    return process
  }

  /** The application's actions wait while their process is paused, and come first when it continues. */
  #act(action: Action): boolean {
    if (!isApplication(action)) {
      disturb(this.#world, action)
      return true
    }
    const process = this.#processes[action.process] as AppProcess
    if (this.#timeline.now < process.clock.pausedUntil) {
      this.#timeline.at(process.clock.pausedUntil, () => this.#act(action), 1)
      return false
    }
    this.#track(
      `${action.kind} ${'row' in action ? `${action.name}/${action.row}` : action.name}`,
      process,
      this.#perform(process, action),
    )
    return true
  }

  #perform(process: AppProcess, action: ApplicationAction): Promise<void> {
    switch (action.kind) {
      case 'batch':
        return batch(this.#stage, process, action)
      case 'write':
        return write(this.#stage, process, action)
      case 'put':
        return put(this.#stage, process, action)
      case 'set':
        return set(this.#stage, process, action)
      default:
        return read(this.#stage, process, action)
    }
  }

  #track(what: string, process: AppProcess, work: Promise<unknown>): void {
    const pending: Pending = { what, process, since: this.#timeline.now }
    this.#pending.add(pending)
    const deferred = [...this.#pending].filter((each) => each.what === 'delivery')
    if (what === 'delivery' && deferred.some((each) => each.process !== process))
      this.coverage.count('two processes deferring')
    work.then(
      () => this.#settled(pending),
      (error) => {
        this.#settled(pending)
        if (!process.clock.dead && !(error instanceof InvalidationNotDelivered))
          this.history.report('error-to-caller', `${process.label} ${what} threw ${String(error)}`)
      },
    )
  }

  #settled(pending: Pending): void {
    this.#pending.delete(pending)
    const took = this.#timeline.now - pending.since
    const bound = this.#longestWait
    if (isCalm(this.#schedule) && /^(read|batch|refresh)/.test(pending.what) && took > bound) {
      this.history.report(
        'waited-too-long',
        `${pending.process.label} ${pending.what} took ${took.toFixed(0)} ms; a lease and the loads before it are ${bound.toFixed(0)} ms`,
      )
    }
  }

  #crash(index: number): void {
    const victim = this.#processes[index] as AppProcess
    victim.clock.dead = true
    for (const socket of [...this.#network.sockets]) if (socket.plan.clock === victim.clock) socket.close()
    for (const pending of this.#pending) if (pending.process === victim) this.#pending.delete(pending)
    this.#start(index)
  }

  /** Nothing is under way any more: every promise has been kept everywhere, and a newcomer sees it too. */
  async #inspectAtRest(): Promise<void> {
    for (const { what, process, since } of this.#pending) {
      const kind = what === 'delivery' ? 'undelivered' : 'hang'
      this.history.report(kind, `${process.label} ${what} has been pending since ${since.toFixed(1)} ms`)
    }
    this.#start(this.#processes.length)
    await this.#timeline.runUntil(this.#timeline.now + 200)
    const before = this.history.violations.length
    for (const process of this.#processes) {
      for (const pair of this.history.pairs.keys()) {
        const [name, row] = pair.split('/') as [EntryName, string]
        for (const kind of ['peek', 'get'] as const) {
          this.#track(
            `final ${kind}`,
            process,
            read(this.#stage, process, { kind, process: process.index, name, row: Number(row) }),
          )
        }
      }
    }
    await this.#timeline.runUntil(this.#timeline.now + 500)
    this.history.relabel(before, 'stale-at-rest')
    for (const process of this.#processes) this.#inspect(process)
  }

  #inspect({ cache, label }: AppProcess): void {
    const { flights, background, puts, queued } = cache.inspect()
    if (flights + background + puts + queued > 0) {
      this.history.report(
        'unbounded',
        `${label} at rest holds ${flights} flights, ${background} background works, ${puts} puts, ${queued} queued invalidations`,
      )
    }
  }

  async #closeAll(): Promise<void> {
    for (const process of this.#processes) this.#track('close', process, process.cache.close())
    await this.#timeline.runUntil(this.#timeline.now + 6_000)
    for (const { what, process } of this.#pending)
      this.history.report('unsettled', `${process.label} ${what} is pending after close()`)
  }

  /** In calm weather an entry that nobody touched was loaded once in the whole fleet. */
  #judgeLoads(): void {
    const { steps } = this.#schedule
    if (!isCalm(this.#schedule)) return
    if (steps.some(({ action }) => action.kind === 'refresh' || ('load' in action && action.load.fails))) return
    for (const [pair, { loads, invalidations }] of this.history.pairs) {
      if (invalidations > 0 || loads < 2 || !/^(row|large|owned|ledger)/.test(pair)) continue
      this.history.report('second-load', `${pair} was loaded ${loads} times though nobody invalidated it`)
    }
  }
}

type ApplicationAction = Exclude<
  Extract<Action, { process: number }>,
  Place & { kind: 'delay' | 'hold' | 'cut' | 'cut-after' | 'drop' | 'pause' | 'crash' }
>

const WORLD: ReadonlySet<string> = new Set([
  'delay',
  'hold',
  'cut',
  'cut-after',
  'drop',
  'pause',
  'hang',
  'restart',
  'save',
  'evict',
  'full',
  'forget-scripts',
  'crash',
])

function isApplication(action: Action): action is ApplicationAction {
  return !WORLD.has(action.kind)
}
