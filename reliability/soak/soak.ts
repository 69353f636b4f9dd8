import { setTimeout as wait } from 'node:timers/promises'
import { type Cache, createCache } from '@granary/core'
import { ScriptedRandom, startFaultProxy, startRedis } from '@granary/testing'
import { WarningLog } from '../stage/log.ts'
import { type Census, takeCensus } from './census.ts'
import { CountingClock } from './counting-clock.ts'
import { heapGrowthOf } from './heap-growth.ts'
import { MISCHIEF, type Mischief, type Scene } from './mischief.ts'
import { type Tally, type Violation, Workload } from './workload.ts'

/** How long, and how densely. */
export interface SoakOptions {
  readonly minutes: number
  /** Milliseconds from one fault to the next. */
  readonly every: number
  /** How long each fault lasts, in milliseconds. */
  readonly lasts: number
  /** Seconds after which the heap is taken as grown; later ones may not exceed it. */
  readonly grownAfter: number
  /** Calls a second. */
  readonly rate: number
  /** What chance is drawn from: traffic, the order of faults, jitter and damage. Time adds its own. */
  readonly seed: number
  /** The faults to choose from, by name. Default: all. */
  readonly only?: readonly string[]
}

/** What a soak found. */
export interface SoakReport {
  readonly ok: boolean
  readonly minutes: number
  readonly seed: number
  readonly tally: Tally
  /** The first reads that broke a promise, with the last events of their rows. */
  readonly explained: readonly Violation[]
  readonly faults: Readonly<Record<string, number>>
  readonly outages: number
  readonly unhandledRejections: readonly string[]
  /** Exceptions that would have ended the process. */
  readonly uncaughtExceptions: readonly string[]
  /** Calls that had not settled when all caches were closed. */
  readonly unsettled: number
  /** Invalidations that were still queued at the end, Redis being back. */
  readonly undelivered: number
  readonly census: readonly Census[]
  /** What the program held of the heap at the end over what it held when it was taken as grown; each the middle one of three counts. */
  readonly heapGrowth: number
  /** The same with what is V8's own. */
  readonly wholeGrowth: number
  /** What was left when everything was closed, beyond what was there before the beginning. */
  readonly left: Readonly<Record<'sockets' | 'timers' | 'handles' | 'listeners', number>>
  readonly violations: readonly string[]
}

/** The heap may grow by this share. */
const GROWTH = 0.05
/** A short run takes its heap as grown before all tables are full, so it may grow by so many bytes more. */
const SLACK = 2 * 1024 * 1024
const SHORT_MINUTES = 10

/** Traffic on two caches and a fault every few seconds; at the end everything is closed under load and counted. */
export async function soak(options: SoakOptions, tell: (census: Census) => void = () => {}): Promise<SoakReport> {
  const clock = new CountingClock()
  // The first server of a process brings what stays: it is not of the caches.
  await (await startRedis()).stop()
  const before = await takeCensus(0, clock)
  const unhandled: string[] = []
  const uncaught: string[] = []
  const keepRejection = (error: unknown) => unhandled.push(String(error))
  const keepException = (error: Error) => uncaught.push(String(error.stack))
  process.on('unhandledRejection', keepRejection)
  process.on('uncaughtException', keepException)
  const run = new SoakRun(options, clock, tell)
  try {
    await run.play()
  } finally {
    process.off('unhandledRejection', keepRejection)
    process.off('uncaughtException', keepException)
  }
  await wait(300)
  const end = await takeCensus(options.minutes * 60, clock)
  return run.report({ unhandled, uncaught, left: leftOf(before, end) })
}

function leftOf(before: Census, end: Census): SoakReport['left'] {
  return {
    sockets: Math.max(0, end.sockets - before.sockets),
    timers: end.timers,
    handles: Math.max(0, end.handles - before.handles),
    listeners: Math.max(0, end.listeners - before.listeners),
  }
}

/** What the process met beside the traffic, and what is left. */
interface Aftermath {
  readonly unhandled: readonly string[]
  readonly uncaught: readonly string[]
  readonly left: SoakReport['left']
}

class SoakRun {
  readonly #options: SoakOptions
  readonly #clock: CountingClock
  readonly #tell: (census: Census) => void
  readonly #census: Census[] = []
  readonly #faults: Record<string, number> = {}
  readonly #chance: ScriptedRandom
  #tally: Tally = { calls: 0, errors: 0, firstError: undefined, stale: 0, strange: 0 }
  #explained: readonly Violation[] = []
  #outages = 0
  #unsettled = 0
  #undelivered = 0
  /** Whether traffic waits. */
  #isAtRest = false

  constructor(options: SoakOptions, clock: CountingClock, tell: (census: Census) => void) {
    this.#options = options
    this.#clock = clock
    this.#tell = tell
    this.#chance = new ScriptedRandom(options.seed)
  }

  async play(): Promise<void> {
    const redis = await startRedis()
    const { seed } = this.#options
    const proxy = await startFaultProxy({ target: redis, seed })
    const caches = [1, 2].map((each) =>
      createCache({
        clock: this.#clock,
        random: new ScriptedRandom(seed + each * 1_000_000),
        namespace: 'soak',
        redis: proxy.url,
        memory: { maxEntries: 500 },
        logger: new WarningLog(),
      }),
    )
    for (const cache of caches) cache.on('redis-lost', () => this.#outages++)
    await Promise.all(caches.map((cache) => cache.ready()))
    const workload = new Workload(caches, this.#chance)
    const pause = 20
    const timer = setInterval(() => {
      if (this.#isAtRest) return
      for (let calls = (this.#options.rate * pause) / 1_000; calls > 0; calls--) workload.step()
    }, pause)
    try {
      await this.#misbehave({ redis, proxy }, workload, caches)
      const delivered = Promise.all(caches.map((cache) => cache.whenDelivered())).then(() => true)
      const isDelivered = await Promise.race([delivered, wait(10_000, false)])
      this.#undelivered = isDelivered ? 0 : caches.reduce((sum, cache) => sum + cache.inspect().queued, 0)
      this.#tally = { ...workload.tally }
      this.#explained = workload.violations
      await closeUnderLoad(caches)
    } finally {
      clearInterval(timer)
      await Promise.race([workload.settled(), wait(5_000)])
      this.#unsettled = workload.unsettled
      // Connections that a dying server left half open may keep the proxy waiting.
      await Promise.race([proxy.stop(), wait(2_000)])
      await redis.stop()
    }
  }

  async #misbehave(scene: Scene, workload: Workload, caches: readonly Cache[]): Promise<void> {
    const { minutes, every, lasts } = this.#options
    const startedAt = performance.now()
    const until = startedAt + minutes * 60_000
    const { only } = this.#options
    const kinds = MISCHIEF.filter(({ name }) => only === undefined || only.includes(name))
    let round: Mischief[] = []
    for (let turn = 0; performance.now() < until; turn++) {
      if (round.length === 0) round = shuffled(kinds, this.#chance)
      const fault = round.pop() as Mischief
      await wait(every - lasts)
      workload.trace.tell(`${fault.name} begins`)
      const end = await fault.begin(scene)
      await wait(lasts)
      await end()
      workload.trace.tell(`${fault.name} ends`)
      this.#faults[fault.name] = (this.#faults[fault.name] ?? 0) + 1
      // The proxy keeps a record of every command; it is not the caches' to bound.
      scene.proxy.forget()
      if ((turn + 1) % Math.ceil(30_000 / every) === 0)
        await this.#count((performance.now() - startedAt) / 1_000, workload, caches)
    }
    await wait(1_000)
    await this.#count((performance.now() - startedAt) / 1_000, workload, caches)
  }

  /**
   * Counts at rest, with Redis in use: calls that are under way are the traffic's, and as many as the machine is busy; a cache
   * that connects anew holds other things than one that is connected, and only like is compared with like.
   */
  async #count(at: number, workload: Workload, caches: readonly Cache[]): Promise<void> {
    await allConnected(caches, 5_000)
    this.#isAtRest = true
    await Promise.race([workload.settled(), wait(5_000)])
    const census = await takeCensus(Math.round(at), this.#clock)
    this.#isAtRest = false
    this.#census.push(census)
    this.#tell(census)
  }

  report({ unhandled, uncaught, left }: Aftermath): SoakReport {
    const grown = heapGrowthOf(this.#census, this.#options.grownAfter)
    const tally = this.#tally
    const slack = this.#options.minutes < SHORT_MINUTES ? SLACK : 0
    const isGrown = grown.heap > GROWTH && grown.bytes > slack
    const violations = [
      ...(tally.errors > 0 ? [`${tally.errors} errors reached callers: ${tally.firstError}`] : []),
      ...(tally.stale > 0 ? [`${tally.stale} stale answers`] : []),
      ...(tally.strange > 0 ? [`${tally.strange} answers were another row's`] : []),
      ...(this.#unsettled > 0 ? [`${this.#unsettled} calls never settled`] : []),
      ...(this.#undelivered > 0
        ? [`${this.#undelivered} invalidations were still queued although Redis was back`]
        : []),
      ...(unhandled.length > 0 ? [`${unhandled.length} unhandled rejections: ${unhandled[0]}`] : []),
      ...(uncaught.length > 0 ? [`${uncaught.length} uncaught exceptions: ${uncaught[0]}`] : []),
      ...(isGrown ? [`the heap grew by ${Math.round(grown.heap * 100)} %`] : []),
      ...Object.entries(left).flatMap(([what, count]) =>
        count > 0 ? [`${count} ${what} were left after close()`] : [],
      ),
    ]
    return {
      ok: violations.length === 0,
      minutes: this.#options.minutes,
      seed: this.#options.seed,
      tally,
      explained: this.#explained,
      faults: this.#faults,
      outages: this.#outages,
      unhandledRejections: unhandled,
      uncaughtExceptions: uncaught,
      unsettled: this.#unsettled,
      undelivered: this.#undelivered,
      census: this.#census,
      heapGrowth: grown.heap,
      wholeGrowth: grown.whole,
      left,
      violations,
    }
  }
}

/** The report in a sentence. */
export function verdictOf({
  ok,
  minutes,
  seed,
  tally,
  faults,
  outages,
  heapGrowth,
  wholeGrowth,
  violations,
}: SoakReport): string {
  const played = Object.values(faults).reduce((sum, count) => sum + count, 0)
  const figures = `minutes=${minutes} seed=${seed} calls=${tally.calls} faults=${played} outages=${outages} heap=${percent(heapGrowth)} whole_heap=${percent(wholeGrowth)} violations=${violations.length}`
  return ok ? `soak: ok ${figures}` : `soak: VIOLATED ${figures}: ${violations.join('; ')}`
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)}%`
}

function shuffled<T>(list: readonly T[], chance: ScriptedRandom): T[] {
  return list
    .map((each) => ({ each, at: chance.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each)
}

/** Resolves when Redis is in use in every cache, or after `patience` milliseconds. */
async function allConnected(caches: readonly Cache[], patience: number): Promise<void> {
  const until = performance.now() + patience
  while (performance.now() < until && caches.some((cache) => cache.health().redis !== 'open')) await wait(20)
}

/** While calls keep coming, and twice. */
async function closeUnderLoad(caches: readonly Cache[]): Promise<void> {
  await Promise.all(caches.flatMap((cache) => [cache.close(), cache.close()]))
}
