import type { ClockLike } from '../time/manual-clock.ts'
import type { Direction, FaultPlan, Moment, ProxiedConnection } from './fault-plan.ts'

/** A fault that a proxy plays, or waits to play. */
export interface Fault {
  /** What it does. */
  readonly plan: FaultPlan
  /** `waiting` for its `after`, `active`, or `over`. */
  readonly state: 'waiting' | 'active' | 'over'
  /** Resolves when it begins; also when it is lifted before. */
  readonly began: Promise<void>
  /** Resolves when it is over. */
  readonly ended: Promise<void>
  /** Ends it now; resolves when connections pass again as before. */
  lift(): Promise<void>
}

/** What a fault reports to the proxy that plays it. */
export interface FaultStage {
  readonly clock: ClockLike
  /** Called when the fault has begun or ended; resolves when the proxy has followed. */
  readonly changed: (fault: InjectedFault) => Promise<void>
}

/** The life of one fault: waiting, active, over, moved by time and by what passes. */
export class InjectedFault implements Fault {
  readonly plan: FaultPlan
  /** The seed of what it draws; differs between the faults of a proxy. */
  readonly seed: number
  readonly began: Promise<void>
  readonly ended: Promise<void>
  readonly #stage: FaultStage
  readonly #resolve: { began: () => void; ended: () => void }
  #state: Fault['state'] = 'waiting'
  #left = 0
  #unit: 'commands' | 'replies' | undefined
  #cancel: (() => void) | undefined

  constructor(plan: FaultPlan, seed: number, stage: FaultStage) {
    this.plan = plan
    this.seed = seed
    this.#stage = stage
    const resolve = { began: () => {}, ended: () => {} }
    this.began = new Promise((settle) => {
      resolve.began = settle
    })
    this.ended = new Promise((settle) => {
      resolve.ended = settle
    })
    this.#resolve = resolve
  }

  get state(): Fault['state'] {
    return this.#state
  }

  /** Begins to wait for `after`; without one the fault is active when this resolves. */
  async start(): Promise<void> {
    const { after } = this.plan
    if (after === undefined) await this.#begin()
    else this.#await(after, () => this.#begin())
  }

  async lift(): Promise<void> {
    if (this.#state !== 'over') await this.#end()
  }

  /** Whether it disturbs this direction of this connection now. */
  disturbs(connection: ProxiedConnection, direction: Direction): boolean {
    if (this.#state !== 'active' || this.plan.kind === 'refuse') return false
    const concerned = this.plan.direction ?? (this.plan.kind === 'cut' ? 'down' : undefined)
    return (concerned === undefined || concerned === direction) && this.#chooses(connection)
  }

  /** Takes note of a command or reply that passed. */
  passed(unit: 'commands' | 'replies', connection: ProxiedConnection): void {
    if (unit !== this.#unit || !this.#chooses(connection)) return
    this.#left--
    if (this.#left <= 0) this.#moveOn()
  }

  #chooses(connection: ProxiedConnection): boolean {
    const choice = 'connections' in this.plan ? this.plan.connections : undefined
    if (choice === undefined) return true
    return typeof choice === 'function' ? choice(connection) : choice.includes(connection.index)
  }

  #await(moment: Moment, then: () => Promise<void>): void {
    if ('ms' in moment) {
      this.#cancel = this.#stage.clock.schedule(moment.ms, () => void then())
      return
    }
    this.#unit = 'commands' in moment ? 'commands' : 'replies'
    this.#left = 'commands' in moment ? moment.commands : moment.replies
    if (this.#left <= 0) this.#moveOn()
  }

  #moveOn(): void {
    this.#unit = undefined
    void (this.#state === 'waiting' ? this.#begin() : this.#end())
  }

  async #begin(): Promise<void> {
    this.#state = 'active'
    const { until } = this.plan
    if (until !== undefined) this.#await(until, () => this.#end())
    await this.#stage.changed(this)
    this.#resolve.began()
  }

  async #end(): Promise<void> {
    this.#cancel?.()
    this.#unit = undefined
    this.#state = 'over'
    await this.#stage.changed(this)
    this.#resolve.began()
    this.#resolve.ended()
  }
}
