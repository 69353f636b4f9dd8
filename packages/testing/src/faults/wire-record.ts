import type { ClockLike } from '../time/manual-clock.ts'
import type { ConnectionChoice, ProxiedConnection } from './fault-plan.ts'
import type { Segment } from './resp-scanner.ts'

/** One command as it came to the proxy. */
export interface WireCommand {
  /** The command's name in capitals. */
  readonly name: string
  /** The index of the connection that it came on. */
  readonly connection: number
  /** Milliseconds since the proxy was started. */
  readonly at: number
}

/** What one connection has said since the record was last emptied. */
interface Talk {
  trips: number
  /** Whether the client has spoken last: more commands then belong to the same round trip. */
  asking: boolean
}

/** What clients said to a proxy: every command, and how often they waited for an answer. */
export class WireRecord {
  readonly #clock: ClockLike
  readonly #began: number
  readonly #commands: WireCommand[] = []
  readonly #talks = new Map<ProxiedConnection, Talk>()

  constructor(clock: ClockLike) {
    this.#clock = clock
    this.#began = clock.now()
  }

  /** Every command so far, in the order they came. */
  get commands(): readonly WireCommand[] {
    return [...this.#commands]
  }

  /** How many bursts of commands came with a reply between one and the next, over the chosen connections. */
  roundTrips(choice?: ConnectionChoice): number {
    let trips = 0
    for (const [connection, talk] of this.#talks) {
      const chosen =
        choice === undefined || (typeof choice === 'function' ? choice(connection) : choice.includes(connection.index))
      if (chosen) trips += talk.trips
    }
    return trips
  }

  /** Takes note of what came from a client. */
  requested(connection: ProxiedConnection, segments: readonly Segment[]): void {
    for (const segment of segments) {
      if (!segment.first) continue
      this.#commands.push({ name: segment.name, connection: connection.index, at: this.#clock.now() - this.#began })
      const talk = this.#talkOf(connection)
      if (!talk.asking) talk.trips++
      talk.asking = true
    }
  }

  /** Takes note that a reply was passed on. */
  replied(connection: ProxiedConnection): void {
    this.#talkOf(connection).asking = false
  }

  /** Empties the record. */
  forget(): void {
    this.#commands.length = 0
    this.#talks.clear()
  }

  #talkOf(connection: ProxiedConnection): Talk {
    const talk = this.#talks.get(connection) ?? { trips: 0, asking: false }
    this.#talks.set(connection, talk)
    return talk
  }
}
