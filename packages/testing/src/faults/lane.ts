import type { Socket } from 'node:net'
import type { ClockLike } from '../time/manual-clock.ts'
import type { FaultBoard } from './fault-board.ts'
import type { Direction, ProxiedConnection } from './fault-plan.ts'
import type { InjectedFault } from './injected-fault.ts'
import { RespScanner, type Segment } from './resp-scanner.ts'
import { Traces } from './traces.ts'

/** What one direction of a connection needs, and whom it tells. */
export interface LaneSetting {
  readonly direction: Direction
  readonly connection: ProxiedConnection
  readonly source: Socket
  readonly sink: Socket
  readonly board: FaultBoard
  readonly clock: ClockLike
  /** Pieces of messages have come in. */
  readonly arrived: (segments: readonly Segment[]) => void
  /** It is a piece's turn; faults are asked next. */
  readonly passing: (segment: Segment) => void
  /** A piece has been passed on, or swallowed. */
  readonly passed: (segment: Segment) => void
  /** The connection is to be closed: a fault says so, or the other end was reset. */
  readonly sever: (how: 'reset' | 'end') => void
}

/** What has come in and not gone out: a piece of the stream, or how the stream ended. */
interface Item {
  readonly content: Segment | 'end' | 'reset'
  readonly arrivedAt: number
  /** The instants at which the delays that concern it let it go. */
  readonly due: Map<InjectedFault, number>
}

/** Above this many bytes waiting to go out, the source is not read any more. */
const HIGH_WATER = 1_048_576
/** How often a throttled lane lets bytes go, in milliseconds. */
const THROTTLE_STEP = 20
const FOREVER = Number.POSITIVE_INFINITY

/** One direction of a proxied connection: takes bytes in, disturbs them as the faults say, and passes them on in order. */
export class Lane {
  readonly #setting: LaneSetting
  readonly #scanner: RespScanner
  readonly #traces: Traces
  readonly #queue: Item[] = []
  #queued = 0
  #running = false
  #closed = false
  #swallowed = false
  #wake = () => {}

  constructor(setting: LaneSetting) {
    const { direction, connection, source } = setting
    this.#setting = setting
    this.#scanner = new RespScanner(direction === 'up' ? 'requests' : 'replies')
    this.#traces = new Traces(connection.index * 2 + (direction === 'up' ? 0 : 1))
    source.on('data', (chunk: Buffer) => this.#take(this.#scanner.scan(chunk)))
    source.once('end', () => {
      this.#take(this.#scanner.flush())
      this.#enqueue('end')
    })
    source.on('error', () => this.#enqueue('reset'))
  }

  /** Whether a black hole swallowed something of this lane and has let go of it: what followed would be out of step. */
  get broken(): boolean {
    return this.#swallowed && !this.#disturbing().some((fault) => fault.plan.kind === 'black-hole')
  }

  /** Stops passing bytes. */
  close(): void {
    this.#closed = true
    this.#queue.length = 0
    this.#wake()
  }

  #take(segments: readonly Segment[]): void {
    this.#setting.arrived(segments)
    for (const segment of segments) this.#enqueue(segment)
  }

  #enqueue(content: Item['content']): void {
    if (this.#closed) return
    this.#queue.push({ content, arrivedAt: this.#setting.clock.now(), due: new Map() })
    this.#queued += sizeOf(content)
    if (this.#queued > HIGH_WATER) this.#setting.source.pause()
    if (!this.#running) void this.#run()
  }

  async #run(): Promise<void> {
    const { source, passing } = this.#setting
    this.#running = true
    for (let item = this.#queue[0]; item !== undefined; item = this.#queue[0]) {
      if (typeof item.content === 'object') passing(item.content)
      // The undisturbed case stays free of awaits: its bytes leave in the turn in which they came.
      if (this.#disturbing().length > 0) await this.#clearance(item)
      if (this.#closed) break
      this.#queue.shift()
      const waiting = this.#deliver(item.content)
      if (waiting !== undefined) await waiting
      this.#queued -= sizeOf(item.content)
      if (this.#queued <= HIGH_WATER && source.isPaused()) source.resume()
    }
    this.#running = false
  }

  /** Resolves when no hang and no delay holds the item back any more. */
  async #clearance(item: Item): Promise<void> {
    while (!this.#closed) {
      const wait = Math.max(0, ...this.#disturbing().map((fault) => this.#holds(item, fault)))
      if (wait === 0) return
      await this.#change(wait)
    }
  }

  /** For how many more milliseconds this fault holds the item back. */
  #holds(item: Item, fault: InjectedFault): number {
    if (fault.plan.kind === 'hang') return FOREVER
    if (fault.plan.kind !== 'delay') return 0
    const due = item.due.get(fault) ?? item.arrivedAt + this.#traces.delay(fault)
    item.due.set(fault, due)
    return due - this.#setting.clock.now()
  }

  #deliver(content: Item['content']): Promise<void> | undefined {
    const { sink, sever, passed } = this.#setting
    const faults = this.#disturbing()
    if (faults.some((fault) => fault.plan.kind === 'reset')) return void sever('reset')
    if (faults.some((fault) => fault.plan.kind === 'black-hole')) {
      this.#swallowed = true
      if (typeof content === 'object') passed(content)
      return undefined
    }
    if (content === 'reset') return void sever('reset')
    if (content === 'end') return void sink.end()
    return this.#traces.loses(content, faults) ? undefined : this.#send(content, faults)
  }

  #send(segment: Segment, faults: readonly InjectedFault[]): Promise<void> | undefined {
    const { sever, passed } = this.#setting
    const bytes = this.#traces.corrupt(segment.bytes, faults)
    const cut = this.#traces.cut(bytes.length, faults)
    const allowed = cut === undefined ? bytes : bytes.subarray(0, cut.allowance)
    const done = () => (cut === undefined ? passed(segment) : sever(cut.how))
    if (faults.some((fault) => fault.plan.kind === 'throttle')) return this.#trickle(allowed).then(done)
    const drained = this.#write(allowed)
    done()
    return drained
  }

  /** Writes the bytes no faster than the slowest throttle in force, and the rest at once when there is none any more. */
  async #trickle(bytes: Buffer): Promise<void> {
    let rest = bytes
    let due = this.#setting.clock.now()
    while (rest.length > 0 && !this.#closed) {
      const rate = Math.min(
        ...this.#disturbing().map(({ plan }) => (plan.kind === 'throttle' ? plan.bytesPerSecond : FOREVER)),
      )
      const size = Math.min(rest.length, Math.max(1, Math.floor((rate * THROTTLE_STEP) / 1_000)))
      const wait = due + (size / rate) * 1_000 - this.#setting.clock.now()
      if (wait > 0) await this.#change(wait)
      if (wait > 0 && due + (size / rate) * 1_000 > this.#setting.clock.now()) continue
      due += (size / rate) * 1_000
      await this.#write(rest.subarray(0, size))
      rest = rest.subarray(size)
    }
  }

  #write(bytes: Buffer): Promise<void> | undefined {
    const { sink } = this.#setting
    if (bytes.length === 0 || !sink.writable || sink.write(bytes)) return undefined
    return new Promise((resolve) => {
      const settle = () => {
        sink.off('drain', settle)
        sink.off('close', settle)
        resolve()
      }
      sink.once('drain', settle)
      sink.once('close', settle)
    })
  }

  /** Resolves after `ms`, or as soon as a fault begins or ends or the lane is closed. */
  #change(ms: number): Promise<void> {
    const { board, clock } = this.#setting
    return new Promise((resolve) => {
      let cancel = () => {}
      const settle = () => {
        cancel()
        unwatch()
        resolve()
      }
      const unwatch = board.watch(settle)
      this.#wake = settle
      if (ms !== FOREVER) cancel = clock.schedule(ms, settle)
    })
  }

  #disturbing(): InjectedFault[] {
    return this.#setting.board.disturbing(this.#setting.connection, this.#setting.direction)
  }
}

function sizeOf(content: Item['content']): number {
  return typeof content === 'object' ? content.bytes.length : 0
}
