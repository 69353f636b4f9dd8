import type { EntryName } from '../schedule/schedule.ts'
import type { Coverage } from './coverage.ts'
import { type Expectations, judge } from './judgement.ts'
import { Promises } from './promises.ts'
import type { Entry, Record, Tier } from './record.ts'
import type { Violation, ViolationKind } from './violation.ts'
import { Visits } from './visits.ts'

/** What is known about a schedule before it runs. */
export interface CheckPlan {
  /** How long memory may lag, in milliseconds. */
  readonly maxStaleness: number
  /** Nothing goes wrong but loads. */
  readonly calm: boolean
  /** Calm, no load fails and nothing is refreshed: an entry that nobody invalidated is loaded once. */
  readonly oneLoad: boolean
  /** Nothing but memory is wrong with Redis: every invalidation after this instant has to be delivered. */
  readonly mustDeliverFrom: number
  /** In calm weather a read waits no longer than this. */
  readonly longestWait: number
  /** In calm weather a value that another process stored reaches its waiters within this. */
  readonly lateWake: number
  /** How old an answer may be, in milliseconds, by name; names that are left out have no such bound here. */
  readonly oldest: Partial<Readonly<globalThis.Record<EntryName, number>>>
  /** Whether memory may lag behind other processes. */
  readonly mayLag: boolean
}

interface Call {
  readonly what: string
  readonly at: number
  readonly entries: readonly Entry[]
  readonly due: readonly Expectations[]
  /** The visitor's request that asked. */
  readonly visit: string | undefined
}

interface Pending {
  readonly what: string
  readonly process: string
  readonly since: number
}

interface Loads {
  loads: number
  /** When the last of them ended. */
  loadedAt: number
  invalidations: number
}

/**
 * Reads what happened in the order of time, and finds the promises that were broken. It knows nothing of caches: the
 * simulated and the real world write down the same things.
 */
export class Checker {
  readonly violations: Violation[] = []
  reads = 0
  readonly #plan: CheckPlan
  readonly #coverage: Coverage
  readonly #promises: Promises
  readonly #visits: Visits
  readonly #calls = new Map<string, Call>()
  readonly #pending = new Map<string, Pending>()
  readonly #entries = new Map<string, Loads>()
  #disturbed = false
  #now = 0
  /** What is reported at rest is reported as this. */
  #label: ViolationKind | undefined

  constructor(plan: CheckPlan, coverage: Coverage) {
    this.#plan = plan
    this.#coverage = coverage
    this.#promises = new Promises(plan.maxStaleness)
    this.#visits = new Visits(this.#promises)
  }

  /** Entries that were read or written. */
  get entries(): readonly Entry[] {
    return this.#promises.entries
  }

  /** Takes note of what happened next. */
  observe(record: Record): void {
    this.#now = record.at
    const operation = 'operation' in record ? `${record.process} ${record.operation}` : ''
    switch (record.kind) {
      case 'born':
        this.#promises.witness(record.process, record.skew, record.at)
        return
      case 'died':
        for (const [key, { process }] of this.#pending) if (process === record.process) this.#pending.delete(key)
        return
      case 'began':
        this.#pending.set(operation, { what: record.what, process: record.process, since: record.at })
        if (record.what === 'delivery') this.#noteDeferral(record.process)
        return
      case 'ended':
        this.#ended(operation, record.error)
        return
      case 'came':
        this.#visits.came(`${record.process} ${record.visit}`, record.from)
        return
      case 'went':
        this.#visits.went(`${record.process} ${record.visit}`)
        return
      case 'asked':
        this.#asked(record)
        return
      case 'answered':
        this.#answered(record)
        return
      case 'disturbed':
        this.#disturbed = true
        return
      case 'left-over':
        this.#leftOver(record)
        return
      case 'rested':
        this.#rest()
        return
      case 'looked':
        this.#label = undefined
        return
      case 'closed':
        this.#close()
        return
      default:
        this.#changed(record)
    }
  }

  report(kind: ViolationKind, what: string): void {
    this.violations.push({ kind: this.#label ?? kind, at: this.#now, what })
  }

  #rest(): void {
    for (const { what, process, since } of this.#pending.values())
      this.report(
        what === 'delivery' ? 'undelivered' : 'hang',
        `${process} ${what} has been pending since ${since.toFixed(1)} ms`,
      )
    this.#label = 'stale-at-rest'
  }

  #close(): void {
    for (const { what, process } of this.#pending.values())
      this.report('unsettled', `${process} ${what} is pending after close()`)
    if (!this.#plan.oneLoad || this.#disturbed) return
    for (const [entry, { loads, invalidations }] of this.#entries) {
      if (invalidations > 0 || loads < 2 || !/^(row|large|owned|ledger)/.test(entry)) continue
      this.report('second-load', `${entry} was loaded ${loads} times though nobody invalidated it`)
    }
  }

  #changed(record: Extract<Record, { kind: 'loading' | 'loaded' | 'invalidating' | 'held' | 'delivered' }>): void {
    switch (record.kind) {
      case 'held':
        this.#promises.heldBy(record.process, record.promises, record.cause)
        if (record.visit !== undefined) this.#visits.held(`${record.process} ${record.visit}`, record.promises, record)
        if (!record.delivered && /key|tag/.test(record.cause) && record.at > this.#plan.mustDeliverFrom)
          this.report('deferred-without-need', `${record.process} could not ${record.what}: Redis had no memory`)
        return
      case 'delivered':
        this.#promises.delivered(record.promises, record.cause, record.at)
        return
      case 'loading':
        this.#loadsOf(record).loads += 1
        return
      case 'loaded':
        this.#loadsOf(record).loadedAt = record.at
        return
      case 'invalidating':
        this.#loadsOf(record).invalidations += 1
    }
  }

  #asked({ process, call, how, entries, at, visit: number }: Extract<Record, { kind: 'asked' }>): void {
    const visit = number === undefined ? undefined : `${process} ${number}`
    this.#calls.set(`${process} ${call}`, {
      what: `${process} ${how} asked at ${at.toFixed(1)} ms`,
      at,
      entries,
      visit,
      due: entries.map((entry) => ({
        ...this.#promises.due(process, entry, at),
        marked: visit === undefined ? undefined : this.#visits.due(visit, entry, at),
      })),
    })
  }

  #answered({ process, call, index, seen, tier, mayLag }: Extract<Record, { kind: 'answered' }>): void {
    const asked = this.#calls.get(`${process} ${call}`)
    const entry = asked?.entries[index]
    const due = asked?.due[index]
    if (asked === undefined || entry === undefined || due === undefined) return
    const what = `${asked.what} for ${entry.name}/${entry.row}`
    if (seen === undefined || seen.row !== entry.row || seen.name !== entry.name) {
      this.report('wrong-key', `${what} got ${seen?.name}/${seen?.row}`)
      return
    }
    if (!seen.whole) this.report('wrong-type', `${what} got another shape`)
    if (asked.entries.length === 1 && tier === 'l2') this.#judgeWaking(asked, what)
    this.reads += 1
    // What a batch found while it was fresh it hands out when all of it is there: its age is that at the asking.
    this.#judgeAge(what, entry, (asked.entries.length === 1 ? this.#now : asked.at) - seen.loadedAt)
    const broken = judge({ what, version: seen.version, mayLag: mayLag && this.#plan.mayLag, tier }, due)
    if (broken !== undefined) this.report(broken.kind, broken.what)
    if (asked.visit !== undefined) this.#noteVisit(process, { ...asked, visit: asked.visit }, { tier, mayLag, due })
  }

  /** Redis tells how far the invalidations are; memory is served by a process that has heard of all but the latest. */
  #noteVisit(
    process: string,
    { visit, at }: Call & { visit: string },
    { tier, mayLag, due }: { tier: Tier | undefined; mayLag: boolean; due: Expectations },
  ): void {
    if (due.marked !== undefined && due.own?.version !== due.marked.version)
      this.#coverage.count('visitor in another process')
    if (tier === 'l2' && !mayLag) this.#visits.saw(visit, at)
    if (tier === 'l1') this.#visits.saw(visit, this.#promises.provenAt(process, at))
  }

  /** While all is well nobody gets what has outlived its time, and the time in which it may be served stale. */
  #judgeAge(what: string, { name }: Entry, age: number): void {
    if (this.#disturbed || age <= (this.#plan.oldest[name] ?? Number.POSITIVE_INFINITY)) return
    this.report('served-too-old', `${what} got a value of ${age.toFixed(0)} ms`)
  }

  /** Who waited for a value that another process loads gets it soon after it was stored. */
  #judgeWaking({ entries, at }: Call, what: string): void {
    const { loadedAt, invalidations } = this.#loadsOf(entries[0] as Entry)
    const late = this.#now - loadedAt
    if (!this.#plan.calm || this.#disturbed || invalidations > 0 || at >= loadedAt || late <= this.#plan.lateWake)
      return
    this.report('waited-too-long', `${what} got what another process had stored ${late.toFixed(0)} ms before`)
  }

  #ended(operation: string, error: string | undefined): void {
    const pending = this.#pending.get(operation)
    if (pending === undefined) return
    this.#pending.delete(operation)
    const { what, process, since } = pending
    if (error !== undefined) this.report('error-to-caller', `${process} ${what} threw ${error}`)
    const took = this.#now - since
    const { calm, longestWait } = this.#plan
    if (calm && !this.#disturbed && /^(read|batch|refresh)/.test(what) && took > longestWait)
      this.report(
        'waited-too-long',
        `${process} ${what} took ${took.toFixed(0)} ms; a lease and the loads before it are ${longestWait.toFixed(0)} ms`,
      )
  }

  #noteDeferral(process: string): void {
    const others = [...this.#pending.values()].some((each) => each.what === 'delivery' && each.process !== process)
    if (others) this.#coverage.count('two processes deferring')
  }

  #leftOver({ process, flights, background, puts, queued }: Extract<Record, { kind: 'left-over' }>): void {
    if (flights + background + puts + queued === 0) return
    this.report(
      'unbounded',
      `${process} at rest holds ${flights} flights, ${background} background works, ${puts} puts, ${queued} queued invalidations`,
    )
  }

  #loadsOf({ name, row }: Entry): Loads {
    const key = `${name}/${row}`
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    const made: Loads = { loads: 0, loadedAt: Number.NEGATIVE_INFINITY, invalidations: 0 }
    this.#entries.set(key, made)
    return made
  }
}
