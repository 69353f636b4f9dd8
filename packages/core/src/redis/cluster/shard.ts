import { RedisUnavailable } from '../../errors.ts'
import type { Random } from '../../random.ts'
import { classifyFailure } from '../connection/failure.ts'
import { type NodeAddress, nameOf } from './node-address.ts'
import { Place, type PlaceOptions } from './place.ts'

/** Pauses between attempts to connect, in milliseconds; the last one repeats. */
const PAUSES = [25, 50, 100, 200]

/** What a shard needs. */
export interface ShardOptions extends PlaceOptions {
  readonly random: Random
  /** Milliseconds between heartbeats, and how long one may stay unanswered. */
  readonly heartbeat: number
  readonly silence: number
  /** Connected, and not yet in use: it is used when this has resolved. */
  readonly verify: (place: Place) => Promise<void>
  readonly onOpen: (shard: Shard) => void
  /** Once when it is lost, and once more for each further attempt that failed. */
  readonly onLost: (shard: Shard, cause: RedisUnavailable) => void
}

/**
 * The way to one master: connected again whenever the connection ends, until it is closed. It has a breaker and a heartbeat
 * of its own, so that a sick master costs the others nothing, and a frozen one is left after two missed deadlines.
 */
export class Shard {
  readonly address: NodeAddress
  readonly name: string
  readonly #options: ShardOptions
  readonly #firstAttempt: Promise<void>
  #endFirstAttempt: () => void = () => {}
  #endPause: () => void = () => {}
  #closed = false
  #place: Place | undefined
  /** When a call last wanted it although the map does not name it; monotonic milliseconds. */
  wantedAt = Number.NEGATIVE_INFINITY

  constructor(address: NodeAddress, options: ShardOptions) {
    this.address = address
    this.name = nameOf(address)
    this.#options = options
    this.#firstAttempt = new Promise((resolve) => {
      this.#endFirstAttempt = resolve
    })
    void this.#run()
  }

  /** The connections in use; undefined while the master is away. */
  get place(): Place | undefined {
    return this.#place
  }

  get isClosed(): boolean {
    return this.#closed
  }

  /** Resolves when the first attempt to connect has ended. */
  untilTried(): Promise<void> {
    return this.#firstAttempt
  }

  close(): void {
    this.#closed = true
    this.#endPause()
    this.#place?.end(new RedisUnavailable('shut'))
    this.#place = undefined
    this.#endFirstAttempt()
  }

  async #run(): Promise<void> {
    const { verify, onOpen, onLost } = this.#options
    for (let attempt = 0; !this.#closed; attempt++) {
      let place: Place | undefined
      try {
        place = await Place.open(this.address, this.#options)
        await verify(place)
        if (this.#closed) throw new RedisUnavailable('shut')
        this.#place = place
        this.#endFirstAttempt()
        attempt = -1
        onOpen(this)
        const stopHeart = this.#beat(place)
        const cause = await place.ended
        stopHeart()
        throw cause
      } catch (error) {
        this.#place = undefined
        const cause = classifyFailure(error)
        place?.end(cause)
        if (!this.#closed) onLost(this, cause)
      }
      this.#endFirstAttempt()
      if (!this.#closed) await this.#pauseAfter(Math.max(attempt, 0))
    }
  }

  #pauseAfter(attempt: number): Promise<void> {
    const { clock, random } = this.#options
    const pause = PAUSES[Math.min(attempt, PAUSES.length - 1)] as number
    return new Promise((resolve) => {
      const cancel = clock.schedule(pause * (0.75 + random.next() / 2), resolve)
      this.#endPause = () => {
        cancel()
        resolve()
      }
    })
  }

  /** Asks for the time again and again: two questions that stay unanswered end the connection, whether or not calls come. */
  #beat(place: Place): () => void {
    const { clock, heartbeat, silence } = this.#options
    let stopped = false
    let cancel = () => {}
    const beat = async () => {
      // The connection counts its failures and ends the place when they are enough.
      await place.askTime(silence).catch(() => {})
      if (!stopped) cancel = clock.schedule(heartbeat, beat)
    }
    cancel = clock.schedule(heartbeat, beat)
    return () => {
      stopped = true
      cancel()
    }
  }
}
