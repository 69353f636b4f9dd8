import { ModelServer } from '../redis-model/server.ts'
import { chanceOf } from './chance.ts'
import type { ProcessClock } from './process-clock.ts'
import { type Damage, type Direction, type Role, Socket, type Wire } from './socket.ts'
import type { Timeline } from './timeline.ts'

/** Where a disturbance applies; everything left out applies everywhere. */
export interface Place {
  readonly process?: number
  readonly role?: Role
  readonly direction?: Direction
}

interface Disturbance extends Place {
  readonly from: number
  readonly until: number
  /** Extra milliseconds for each message; `held` keeps them until the end. */
  readonly delay: number | 'held'
}

/** What the simulated wire and server look like. */
export interface NetworkOptions {
  readonly timeline: Timeline
  readonly seed: number
  /** Server milliseconds at the beginning. */
  readonly serverEpoch: number
  /** Told after each executed command. */
  /** Told when a connection was cut after a script, before its reply. */
  readonly onCutAfter?: (script: string) => void
  readonly onExecuted?: (command: string, args: readonly string[]) => void
}

/** One Redis server and the wires to it. Messages of one socket keep their order, those of different sockets do not. */
export class Network implements Wire {
  readonly timeline: Timeline
  readonly server: ModelServer
  readonly options: NetworkOptions
  readonly sockets = new Set<Socket>()
  /** The server process is stopped until then; what arrives waits. */
  hungUntil = 0
  /** Nobody listens until then. */
  downUntil = 0
  /** Bus messages to drop, by process. */
  readonly dropNext = new Map<number, number>()
  /** Scripts whose next execution for a process is followed by a cut. */
  readonly cutAfter = new Map<number, string>()
  /** What is to be damaged next, by process. */
  readonly damageNext = new Map<number, Damage>()
  /** Bus messages handled before the reply to a read that the server had answered earlier. */
  overtaken = 0
  /** Commands executed after their sender had closed the socket. */
  zombies = 0
  /** Commands and messages in the order of the server. */
  sequence = 0
  #disturbances: Disturbance[] = []
  #lives = 1
  #opened = 0

  constructor(options: NetworkOptions) {
    this.options = options
    this.timeline = options.timeline
    this.server = new ModelServer(() => options.serverEpoch + this.timeline.now, `life-1-${options.seed}`)
  }

  /** Opens a socket; its number makes its delays reproducible. */
  open(process: number, clock: ProcessClock, role: Role): Socket {
    const socket = new Socket(this, { process, clock, role, number: this.#opened++ })
    this.sockets.add(socket)
    return socket
  }

  disturb(disturbance: Place & { readonly for: number; readonly delay: number | 'held' }): void {
    const { timeline } = this
    this.#disturbances.push({ ...disturbance, from: timeline.now, until: timeline.now + disturbance.for })
  }

  /** Ends every disturbance. */
  heal(): void {
    this.#disturbances = []
    this.hungUntil = 0
    this.downUntil = 0
    this.dropNext.clear()
    this.cutAfter.clear()
    this.damageNext.clear()
    this.server.full = false
    for (const socket of this.sockets) socket.nudge()
  }

  noteExecuted(command: string, args: readonly string[]): void {
    this.options.onExecuted?.(command, args)
  }

  noteCutAfter(script: string): void {
    this.options.onCutAfter?.(script)
  }

  /** A message that the server sent as number `sequence` is handled now. */
  noteOvertaking(process: number, sequence: number): void {
    for (const socket of this.sockets)
      if (socket.plan.process === process && socket.isBehind(sequence)) this.overtaken += 1
  }

  /** Another server process on the same address. */
  restart(data?: ReturnType<ModelServer['keyspace']['snapshot']>): void {
    for (const socket of [...this.sockets]) socket.cut('lost')
    this.#lives += 1
    this.server.restart(`life-${this.#lives}-${this.options.seed}`, data)
  }

  /** When a message sent now arrives, and until when one that arrives now is held. */
  delayOf(socket: Socket, direction: Direction, count: number): number {
    const luck = chanceOf(
      this.options.seed,
      socket.plan.process,
      ROLES.indexOf(socket.plan.role),
      direction === 'up' ? 1 : 2,
      count,
    )
    let delay = luck > 0.98 ? 1 + (luck - 0.98) * 400 : 0.05 + luck
    for (const each of this.#disturbances)
      if (typeof each.delay === 'number' && this.#applies(each, socket, direction)) delay += each.delay
    return delay
  }

  heldUntil(socket: Socket, direction: Direction): number {
    let until = direction === 'up' ? this.hungUntil : socket.plan.clock.pausedUntil
    for (const each of this.#disturbances)
      if (each.delay === 'held' && this.#applies(each, socket, direction)) until = Math.max(until, each.until)
    return until
  }

  #applies(each: Disturbance, { plan }: Socket, direction: Direction): boolean {
    return (
      each.until > this.timeline.now &&
      (each.process ?? plan.process) === plan.process &&
      (each.role ?? plan.role) === plan.role &&
      (each.direction ?? direction) === direction
    )
  }
}

const ROLES: readonly Role[] = ['data', 'bulk', 'subscriber']
