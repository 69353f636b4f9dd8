import type { Reply } from '../redis-model/commands.ts'
import { ErrorReply } from '../redis-model/keyspace.ts'
import type { ModelServer } from '../redis-model/server.ts'
import type { Payload, Subscriber } from '../redis-model/tracking.ts'
import type { ProcessClock } from './process-clock.ts'
import { isSealed, misread, ReplyStream, type WrongCount } from './reply-stream.ts'
import { nameOf } from './script-names.ts'
import type { Timeline } from './timeline.ts'

/** Which of a process's connections. */
export type Role = 'data' | 'bulk' | 'subscriber'

/** Which way on the wire. */
export type Direction = 'up' | 'down'

/** What a broken wire does: a list says a wrong number of elements, or a message or a sealed reply another digit. */
export type Damage = WrongCount | 'message' | 'sealed'

/** What a socket runs over. */
export interface Wire {
  readonly timeline: Timeline
  readonly server: ModelServer
  readonly sockets: Set<Socket>
  readonly downUntil: number
  readonly dropNext: Map<number, number>
  readonly cutAfter: Map<number, string>
  readonly damageNext: Map<number, Damage>
  zombies: number
  sequence: number
  delayOf(socket: Socket, direction: Direction, count: number): number
  heldUntil(socket: Socket, direction: Direction): number
  noteOvertaking(process: number, sequence: number): void
  noteExecuted(command: string, args: readonly string[]): void
  noteCutAfter(script: string): void
}

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
  readonly #wire: Wire
  #messages: Message[] = []
  #count = 0
  #pump: { cancelled: boolean } | undefined

  constructor(wire: Wire, socket: Socket, direction: Direction) {
    this.#wire = wire
    this.#socket = socket
    this.#direction = direction
  }

  send(arrive: () => boolean): void {
    const { timeline } = this.#wire
    const delay = this.#wire.delayOf(this.#socket, this.#direction, this.#count++)
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
    const held = this.#wire.heldUntil(this.#socket, this.#direction)
    this.#pump = this.#wire.timeline.at(Math.max(head.arrivesAt, held), () => this.#deliver(), 5)
  }

  #deliver(): boolean {
    const head = this.#messages[0]
    if (head === undefined) return false
    if (this.#wire.heldUntil(this.#socket, this.#direction) > this.#wire.timeline.now) {
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
  readonly #wire: Wire
  readonly #up: Pipe
  readonly #down: Pipe
  /** The server still answers on it. */
  #answered = true
  /** Executed commands whose replies are on the way. */
  readonly #replies = new ReplyStream()
  /** Who waits for a reply, in the order of the commands. */
  readonly #asked: ((reply: Reply | ErrorReply) => void)[] = []
  readonly #onTheWay: { readonly sequence: number; readonly command: string; readonly subject: string }[] = []
  #alive = true
  #onEnd: (reason: string) => void = () => {}
  #onMessage: (channel: string, payload: Payload) => void = () => {}

  constructor(wire: Wire, plan: SocketPlan) {
    this.#wire = wire
    this.plan = plan
    this.#up = new Pipe(wire, this, 'up')
    this.#down = new Pipe(wire, this, 'down')
  }

  get alive(): boolean {
    return this.#alive
  }

  listen(onEnd: (reason: string) => void, onMessage: (channel: string, payload: Payload) => void): void {
    this.#onEnd = onEnd
    this.#onMessage = onMessage
  }

  /** Shakes hands; answers by `done` whether somebody listens. */
  connect(done: (reached: boolean) => void): void {
    this.#up.send(() => {
      const reached = this.#wire.downUntil <= this.#wire.timeline.now
      this.#down.send(() => {
        done(reached)
        return true
      })
      return false
    })
  }

  /** Sends a command; it is executed when it arrives, also when the sender has given up by then. */
  send(command: string, args: readonly string[], done: (reply: Reply | ErrorReply) => void): void {
    this.#asked.push(done)
    this.#up.send(() => {
      const reply = this.#execute(command, args)
      if (!this.#alive) this.#wire.zombies += 1
      this.#cutIfAsked(command, args)
      if (this.#answered) {
        this.#onTheWay.push({
          sequence: this.#wire.sequence++,
          command: command.toUpperCase(),
          subject: args[0] ?? '',
        })
        this.#down.send(() => {
          this.#onTheWay.shift()
          if (!this.#alive) return false
          this.#hand(reply)
          return true
        })
      }
      return false
    })
  }

  receive(channel: string, payload: Payload): void {
    const { dropNext } = this.#wire
    const drops = dropNext.get(this.plan.process) ?? 0
    if (drops > 0 && channel.endsWith(':bus')) {
      dropNext.set(this.plan.process, drops - 1)
      return
    }
    const sequence = this.#wire.sequence++
    this.#down.send(() => {
      if (channel.endsWith(':bus')) this.#wire.noteOvertaking(this.plan.process, sequence)
      if (!this.#alive) return false
      const isDamaged =
        channel.endsWith(':bus') &&
        typeof payload === 'string' &&
        this.#damage((what) => what === 'message') !== undefined
      this.#onMessage(channel, isDamaged ? withAnotherDigit(payload) : payload)
      return true
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
    else this.#up.postpone(this.#wire.timeline.now + late)
    if (!this.#alive) return
    const { timeline } = this.#wire
    const tell = (): boolean => {
      if (!this.#alive || this.plan.clock.dead) return false
      // Where nothing gets through, the news of the end does not, either.
      const held = this.#wire.heldUntil(this, 'down')
      if (timeline.now < held) {
        timeline.at(held, tell)
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
    const { cutAfter, timeline } = this.#wire
    const script = cutAfter.get(this.plan.process)
    if (script === undefined || !this.#answered || !/^eval/i.test(command) || nameOf(args[0] ?? '') !== script) return
    cutAfter.delete(this.plan.process)
    timeline.at(timeline.now, () => {
      this.#wire.noteCutAfter(script)
      this.cut('lost')
      return true
    })
  }

  /** A client hands each reply to the command that has waited longest; one that nobody waits for ends the connection. */
  #hand(reply: Reply | ErrorReply): void {
    const isList = Array.isArray(reply)
    const wrong = isList ? this.#damage((what) => typeof what === 'object') : undefined
    const isMisread = isList && isSealed(reply) && this.#damage((what) => what === 'sealed') !== undefined
    const read = isMisread ? misread(reply) : reply
    for (const whole of this.#replies.feed(read, wrong as WrongCount | undefined)) {
      const done = this.#asked.shift()
      if (done !== undefined) done(whole)
      else if (this.#alive) this.cut('lost')
    }
  }

  #damage(isMeant: (what: Damage) => boolean): Damage | undefined {
    const { damageNext } = this.#wire
    const next = damageNext.get(this.plan.process)
    if (next === undefined || !isMeant(next)) return undefined
    damageNext.delete(this.plan.process)
    return next
  }

  #execute(command: string, args: readonly string[]): Reply | ErrorReply {
    try {
      return this.#wire.server.execute(this, command, args)
    } catch (error) {
      if (error instanceof ErrorReply) return error
      throw error
    } finally {
      this.#wire.noteExecuted(command, args)
    }
  }

  #end(): void {
    this.#answered = false
    this.#down.clear()
    this.#wire.server.forget(this)
    this.#wire.sockets.delete(this)
  }
}

/** The last digit before a message's checksum is another one: of what it names. */
function withAnotherDigit(text: string): string {
  return text.replace(/\d(?=\D*,\d+\]$)/, (digit) => String((Number(digit) + 1) % 10))
}
