import type { Reply } from '../redis-model/commands.ts'
import { ErrorReply } from '../redis-model/keyspace.ts'
import { ModelServer, type Subscriber } from '../redis-model/server.ts'
import { chanceOf } from './chance.ts'
import type { ProcessClock } from './process-clock.ts'
import { nameOf } from './script-names.ts'
import type { Timeline } from './timeline.ts'

/** Which of a process's connections. */
export type Role = 'data' | 'bulk' | 'subscriber'

/** Which way on the wire. */
export type Direction = 'up' | 'down'

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
export class Network {
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
    this.server.full = false
    for (const socket of this.sockets) socket.nudge()
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

interface SocketPlan {
  readonly process: number
  readonly clock: ProcessClock
  readonly role: Role
  readonly number: number
}

/** A message on the wire and what its arrival does; answers whether the process has something to do. */
interface Message {
  readonly arrive: () => boolean
  arrivesAt: number
}

/** One way of a socket: first in, first out. */
class Pipe {
  readonly #socket: Socket
  readonly #direction: Direction
  readonly #network: Network
  #messages: Message[] = []
  #count = 0
  #pump: { cancelled: boolean } | undefined

  constructor(network: Network, socket: Socket, direction: Direction) {
    this.#network = network
    this.#socket = socket
    this.#direction = direction
  }

  send(arrive: () => boolean): void {
    const { timeline } = this.#network
    const delay = this.#network.delayOf(this.#socket, this.#direction, this.#count++)
    const last = this.#messages.at(-1)?.arrivesAt ?? 0
    this.#messages.push({ arrive, arrivesAt: Math.max(last, timeline.now + delay) })
    if (this.#messages.length === 1) this.#schedule()
  }

  /** Looks again when the next message may arrive. */
  nudge(): void {
    if (this.#messages.length > 0) this.#schedule()
  }

  clear(): void {
    this.#messages = []
  }

  /** Whatever is on the way arrives, but not before an instant. */
  postpone(until: number): void {
    for (const message of this.#messages) message.arrivesAt = Math.max(message.arrivesAt, until)
    this.nudge()
  }

  #schedule(): void {
    if (this.#pump !== undefined) this.#pump.cancelled = true
    const head = this.#messages[0] as Message
    const held = this.#network.heldUntil(this.#socket, this.#direction)
    this.#pump = this.#network.timeline.at(Math.max(head.arrivesAt, held), () => this.#deliver(), 5)
  }

  #deliver(): boolean {
    const head = this.#messages[0]
    if (head === undefined) return false
    if (this.#network.heldUntil(this.#socket, this.#direction) > this.#network.timeline.now) {
      this.#schedule()
      return false
    }
    this.#messages.shift()
    const woke = head.arrive()
    if (this.#messages.length > 0) this.#schedule()
    return woke
  }
}

/** A connection between a process and the server. */
export class Socket implements Subscriber {
  readonly plan: SocketPlan
  readonly #network: Network
  readonly #up: Pipe
  readonly #down: Pipe
  /** The server still answers on it. */
  #answered = true
  /** Executed commands whose replies are on the way. */
  readonly #onTheWay: { readonly sequence: number; readonly command: string; readonly subject: string }[] = []
  #alive = true
  #onEnd: (reason: string) => void = () => {}
  #onMessage: (channel: string, message: string) => void = () => {}

  constructor(network: Network, plan: SocketPlan) {
    this.#network = network
    this.plan = plan
    this.#up = new Pipe(network, this, 'up')
    this.#down = new Pipe(network, this, 'down')
  }

  get alive(): boolean {
    return this.#alive
  }

  listen(onEnd: (reason: string) => void, onMessage: (channel: string, message: string) => void): void {
    this.#onEnd = onEnd
    this.#onMessage = onMessage
  }

  /** Shakes hands; answers by `done` whether somebody listens. */
  connect(done: (reached: boolean) => void): void {
    this.#up.send(() => {
      const reached = this.#network.downUntil <= this.#network.timeline.now
      this.#down.send(() => {
        done(reached)
        return true
      })
      return false
    })
  }

  /** Sends a command; it is executed when it arrives, also when the sender has given up by then. */
  send(command: string, args: readonly string[], done: (reply: Reply | ErrorReply) => void): void {
    this.#up.send(() => {
      const reply = this.#execute(command, args)
      if (!this.#alive) this.#network.zombies += 1
      this.#cutIfAsked(command, args)
      if (this.#answered) {
        this.#onTheWay.push({
          sequence: this.#network.sequence++,
          command: command.toUpperCase(),
          subject: args[0] ?? '',
        })
        this.#down.send(() => {
          this.#onTheWay.shift()
          if (!this.#alive) return false
          done(reply)
          return true
        })
      }
      return false
    })
  }

  receive(channel: string, message: string): void {
    const { dropNext } = this.#network
    const drops = dropNext.get(this.plan.process) ?? 0
    if (drops > 0 && channel.endsWith(':bus')) {
      dropNext.set(this.plan.process, drops - 1)
      return
    }
    const sequence = this.#network.sequence++
    this.#down.send(() => {
      if (channel.endsWith(':bus')) this.#network.noteOvertaking(this.plan.process, sequence)
      if (this.#alive) this.#onMessage(channel, message)
      return this.#alive
    })
  }

  /** The process closes the socket: what it has sent still arrives. */
  close(): void {
    if (!this.#alive) return
    this.#alive = false
    this.#end()
  }

  /**
   * The connection breaks. `lost`: nothing on the way arrives. A number: what the process has sent is executed so many
   * milliseconds later, and never answered.
   */
  cut(late: number | 'lost'): void {
    this.#end()
    if (late === 'lost') this.#up.clear()
    else this.#up.postpone(this.#network.timeline.now + late)
    if (!this.#alive) return
    const { timeline } = this.#network
    const tell = (): boolean => {
      if (!this.#alive) return false
      if (timeline.now < this.plan.clock.pausedUntil) {
        timeline.at(this.plan.clock.pausedUntil, tell)
        return false
      }
      this.#alive = false
      this.#onEnd('ECONNRESET')
      return true
    }
    timeline.at(timeline.now, tell)
  }

  /** Whether the reply to a read executed before `sequence` is still on the way. */
  isBehind(sequence: number): boolean {
    return this.#onTheWay.some((each) => each.sequence < sequence && each.command === 'MGET')
  }

  /** What has been executed and not been answered: script digests, or sources. */
  unanswered(): string[] {
    return this.#onTheWay.filter(({ command }) => command.startsWith('EVAL')).map(({ subject }) => nameOf(subject))
  }

  nudge(): void {
    this.#up.nudge()
    this.#down.nudge()
  }

  #cutIfAsked(command: string, args: readonly string[]): void {
    const { cutAfter, timeline, options } = this.#network
    const script = cutAfter.get(this.plan.process)
    if (script === undefined || !this.#answered || !/^eval/i.test(command) || nameOf(args[0] ?? '') !== script) return
    cutAfter.delete(this.plan.process)
    timeline.at(timeline.now, () => {
      options.onCutAfter?.(script)
      this.cut('lost')
      return true
    })
  }

  #execute(command: string, args: readonly string[]): Reply | ErrorReply {
    try {
      return this.#network.server.execute(this, command, args)
    } catch (error) {
      if (error instanceof ErrorReply) return error
      throw error
    } finally {
      this.#network.options.onExecuted?.(command, args)
    }
  }

  #end(): void {
    this.#answered = false
    this.#down.clear()
    this.#network.server.forget(this)
    this.#network.sockets.delete(this)
  }
}
