import { connect, type Socket } from 'node:net'
import type { ClockLike } from '../time/manual-clock.ts'
import type { FaultBoard } from './fault-board.ts'
import type { ProxiedConnection } from './fault-plan.ts'
import { Lane } from './lane.ts'
import type { Segment } from './resp-scanner.ts'
import type { WireRecord } from './wire-record.ts'

/** Where a proxy's Redis listens. */
export interface ProxyTarget {
  readonly host: string
  readonly port: number
}

/** What every connection of a proxy shares. */
export interface PairSetting {
  readonly target: ProxyTarget
  readonly board: FaultBoard
  readonly clock: ClockLike
  readonly record: WireRecord
}

/** A client's connection, the one to Redis that answers it, and the two lanes between them. */
export class ProxiedPair implements ProxiedConnection {
  readonly index: number
  /** Resolves when both ends are closed. */
  readonly closed: Promise<void>
  readonly #setting: PairSetting
  readonly #client: Socket
  readonly #redis: Socket
  readonly #lanes: readonly Lane[]
  readonly #names = new Set<string>()

  constructor(client: Socket, index: number, setting: PairSetting) {
    this.index = index
    this.#setting = setting
    this.#client = client
    const { board, clock, record, target } = setting
    this.#redis = connect({ host: target.host, port: target.port, noDelay: true, allowHalfOpen: true })
    const shared = { connection: this, board, clock, sever: (how: 'reset' | 'end') => this.sever(how) }
    this.#lanes = [
      new Lane({
        ...shared,
        ...{ direction: 'up', source: client, sink: this.#redis },
        arrived: (segments) => record.requested(this, segments),
        passing: (segment) => this.#names.add(segment.name),
        passed: (segment) => this.#note('commands', segment),
      }),
      new Lane({
        ...shared,
        ...{ direction: 'down', source: this.#redis, sink: client },
        arrived: () => {},
        passing: () => {},
        passed: (segment) => this.#note('replies', segment),
      }),
    ]
    this.closed = Promise.all([client, this.#redis].map(closing)).then(() => this.#cleanUp())
    this.#unwatch = board.watch(() => this.followFaults())
  }

  readonly #unwatch: () => void

  get abandoned(): boolean {
    return this.#client.readableEnded || this.#client.destroyed
  }

  sent(command: string): boolean {
    return this.#names.has(command.toUpperCase())
  }

  /** Resets the connection when a fault that is active now says so, or when a black hole that is over broke it. */
  followFaults(): void {
    const { board } = this.#setting
    const isReset = (['up', 'down'] as const).some((direction) =>
      board.disturbing(this, direction).some((fault) => fault.plan.kind === 'reset'),
    )
    if (isReset || this.#lanes.some((lane) => lane.broken)) this.sever('reset')
  }

  /** Closes both ends now. Redis still gets what was passed on: its end is closed in good order. */
  sever(how: 'reset' | 'end'): void {
    for (const lane of this.#lanes) lane.close()
    this.#redis.resume()
    this.#redis.destroySoon()
    // The system refuses to reset a connection that was half closed before, and Node then never closes it.
    if (how === 'end') this.#client.destroySoon()
    else if (this.#client.writableEnded) this.#client.destroy()
    else this.#client.resetAndDestroy()
  }

  #note(unit: 'commands' | 'replies', segment: Segment): void {
    if (!segment.last || segment.type === 'push') return
    if (unit === 'replies') this.#setting.record.replied(this)
    this.#setting.board.passed(unit, this)
  }

  #cleanUp(): void {
    for (const lane of this.#lanes) lane.close()
    this.#unwatch()
  }
}

function closing(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve())
  })
}
