import type { Socket } from 'node:net'
import type { ClockLike } from '../time/manual-clock.ts'
import { FaultBoard } from './fault-board.ts'
import { type ConnectionChoice, checkFaultPlan, type FaultPlan, type ProxiedConnection } from './fault-plan.ts'
import { type Fault, InjectedFault } from './injected-fault.ts'
import { Listener } from './listener.ts'
import { ProxiedPair, type ProxyTarget } from './proxied-pair.ts'
import { type WireCommand, WireRecord } from './wire-record.ts'

/** A resolved set of options: what a proxy needs to run. */
export interface FaultProxySetting {
  readonly target: ProxyTarget
  readonly address: { readonly host: string; readonly port: number }
  readonly seed: number
  readonly clock: ClockLike
}

/**
 * A TCP proxy in front of a real Redis that passes every byte on in order, counts what clients send, and plays faults.
 * It reads the Redis protocol only to count; the bytes are Redis' own.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #setting: FaultProxySetting
  readonly #listener: Listener
  readonly #board = new FaultBoard()
  readonly #record: WireRecord
  readonly #pairs = new Set<ProxiedPair>()
  #accepted = 0
  #injected = 0

  private constructor(setting: FaultProxySetting) {
    this.#setting = setting
    this.#record = new WireRecord(setting.clock)
    this.#listener = new Listener(setting.address, (socket) => this.#accept(socket))
  }

  /** @internal Use {@link startFaultProxy}. */
  static async start(setting: FaultProxySetting): Promise<FaultProxy> {
    const proxy = new FaultProxy(setting)
    await proxy.#listener.open()
    return proxy
  }

  /** The loopback address it listens on. */
  get host(): string {
    return this.#listener.host
  }

  /** The port it listens on. */
  get port(): number {
    return this.#listener.port
  }

  /** The address as a client takes it: `redis://127.0.0.1:16379`. */
  get url(): string {
    return `redis://${this.host}:${this.port}`
  }

  /** Every command that clients have sent, in order, since the start or {@link forget}: name, connection and time. */
  get commands(): readonly WireCommand[] {
    return this.#record.commands
  }

  /** The connections that are open now. */
  get connections(): readonly ProxiedConnection[] {
    return [...this.#pairs]
  }

  /** The faults that are waiting or active. */
  get faults(): readonly Fault[] {
    return this.#board.faults
  }

  /**
   * How many round trips clients made: bursts of commands on one connection with a reply between one burst and the next.
   * Commands that are sent together, pipelined or gathered, are one trip. Pushed messages are none.
   *
   * @param connections the connections to count; default all
   */
  roundTrips(connections?: ConnectionChoice): number {
    return this.#record.roundTrips(connections)
  }

  /** Plays a fault, beside those that play already. Without `after` it is in force when this resolves. */
  async inject(plan: FaultPlan): Promise<Fault> {
    checkFaultPlan(plan)
    const seed = this.#setting.seed + this.#injected++
    const fault = new InjectedFault(plan, seed, {
      clock: this.#setting.clock,
      changed: (changed) => this.#follow(changed),
    })
    this.#board.add(fault)
    await fault.start()
    return fault
  }

  /** Resets the chosen open connections once; new ones pass as before. */
  drop(connections?: ConnectionChoice): void {
    for (const pair of [...this.#pairs]) {
      const chosen =
        connections === undefined ||
        (typeof connections === 'function' ? connections(pair) : connections.includes(pair.index))
      if (chosen) pair.sever('reset')
    }
  }

  /** Lifts every fault. */
  async heal(): Promise<void> {
    await Promise.all(this.#board.faults.map((fault) => fault.lift()))
  }

  /** Empties `commands` and sets `roundTrips()` to 0; faults stay. */
  forget(): void {
    this.#record.forget()
  }

  /** Lifts every fault and empties the record: as new, but for the connections that are open. */
  async reset(): Promise<void> {
    await this.heal()
    this.forget()
  }

  /** Closes every connection and stops listening. */
  async stop(): Promise<void> {
    await this.heal()
    await this.#listener.close()
    const pairs = [...this.#pairs]
    for (const pair of pairs) pair.sever('end')
    await Promise.all(pairs.map((pair) => pair.closed))
  }

  /** Stops the proxy: `await using proxy = await startFaultProxy({ target })`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #accept(client: Socket): void {
    const { target, clock } = this.#setting
    const pair = new ProxiedPair(client, this.#accepted++, { target, board: this.#board, clock, record: this.#record })
    this.#pairs.add(pair)
    void pair.closed.then(() => this.#pairs.delete(pair))
    pair.followFaults()
  }

  async #follow(fault: InjectedFault): Promise<void> {
    this.#board.changed()
    const refuses = this.#board.faults.some(({ state, plan }) => state === 'active' && plan.kind === 'refuse')
    if (!refuses) return this.#listener.open()
    const { plan, state } = fault
    if (plan.kind === 'refuse' && state === 'active' && plan.existing !== 'keep') this.drop()
    await this.#listener.close()
  }
}
