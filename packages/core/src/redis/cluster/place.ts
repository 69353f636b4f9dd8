import type { Clock } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { RedisLike } from '../../options/redis-client.ts'
import {
  confirmReads,
  keysOf,
  type Payload,
  PUSH_CHANNEL,
  type TrackedConnections,
  trackReads,
} from '../bus/tracking.ts'
import type { Connection } from '../connection/connection.ts'
import { ConnectionGroup } from '../connection/connection-group.ts'
import { ServerTime } from '../connection/server-time.ts'
import type { Holder } from '../frames.ts'
import type { NodeAddress } from './node-address.ts'

/** What places of a cluster are opened with. */
export interface PlaceOptions {
  readonly clock: Clock
  /** A client for one node, not yet connected. */
  readonly makeNode: (address: NodeAddress, role: 'data' | 'bulk' | 'subscriber') => Promise<RedisLike>
  /** Milliseconds to connect and to be known. */
  readonly patience: number
  /** Slower commands count as half failed; milliseconds. */
  readonly slow: number
  /** Takes the keys that the master says were written since they were read there; undefined: all of them. Default: it is not asked to tell. */
  readonly pushed?: ((keys: readonly string[] | undefined) => void) | undefined
}

interface Connections {
  readonly data: Connection
  readonly bulk: Connection
  /** Where the master tells of writes to what the others have read; undefined when it is not asked to. */
  readonly subscriber: Connection | undefined
}

/**
 * One stretch of trust in one master: two connections, and a third that is told of writes under tracking, all of one server
 * life. It ends with the first of them that ends, and whatever it granted or had to tell ends with it.
 */
export class Place implements Holder {
  readonly address: NodeAddress
  readonly data: Connection
  readonly bulk: Connection
  readonly time = new ServerTime()
  readonly #subscriber: Connection | undefined
  readonly #group: ConnectionGroup
  readonly #clock: Clock

  private constructor(
    address: NodeAddress,
    { data, bulk, subscriber }: Connections,
    { clock, group }: { clock: Clock; group: ConnectionGroup },
  ) {
    this.address = address
    this.data = data
    this.bulk = bulk
    this.#subscriber = subscriber
    this.#group = group
    this.#clock = clock
  }

  /** Connects, and learns the life and the clock of the server. Rejects with `RedisUnavailable` and leaves nothing behind. */
  static async open(address: NodeAddress, { clock, makeNode, patience, slow, pushed }: PlaceOptions): Promise<Place> {
    const group = new ConnectionGroup({ clock, patience, slow })
    const open = (role: 'data' | 'bulk' | 'subscriber') => group.open(makeNode(address, role))
    try {
      const [data, bulk, subscriber] = await Promise.all([open('data'), open('bulk'), pushed && open('subscriber')])
      const place = new Place(address, { data, bulk, subscriber }, { clock, group })
      if (pushed !== undefined) await place.#track(pushed, clock.now() + patience)
      await place.askTime(patience)
      if (data.wasSlow) await place.askTime(patience)
      if (data.wasSlow)
        throw new RedisUnavailable('deadline', new Error(`The node takes longer than ${slow} ms to answer.`))
      place.ended.then((cause) => place.end(cause))
      return place
    } catch (error) {
      group.end(new RedisUnavailable('reset', error))
      throw error
    }
  }

  /** Resolves with the cause when the place has ended. */
  get ended(): Promise<RedisUnavailable> {
    return this.#group.ended
  }

  get life(): Uint8Array {
    return this.data.life
  }

  /** Asks the server for its time. */
  async askTime(patience: number): Promise<void> {
    const sentAt = this.#clock.now()
    const [seconds, micros] = (await this.data.call('time', [], sentAt + patience)) as unknown[]
    const serverTime = Number(String(seconds)) * 1_000 + Math.floor(Number(String(micros)) / 1_000)
    this.time.learn(serverTime, sentAt, this.#clock.now())
  }

  /** The cluster's epoch as this node knows it: it rises with every failover. */
  async askEpoch(patience: number): Promise<number> {
    return epochIn(await this.data.call('cluster', ['info'], this.#clock.now() + patience))
  }

  /** Resolves when the master has told of every write that it had made before. */
  async confirm(deadline: number): Promise<void> {
    if (this.#tracked !== undefined) await confirmReads(this.#tracked, deadline)
  }

  /** Closes its connections at once; what is in flight is rejected. */
  end(cause: RedisUnavailable): void {
    this.#group.end(cause)
  }

  get #tracked(): TrackedConnections | undefined {
    return this.#subscriber && { subscriber: this.#subscriber, readers: [this.data, this.bulk] }
  }

  /** Nobody tells of writes to what was read here once it has ended: that is as if all of it had been written. */
  async #track(pushed: NonNullable<PlaceOptions['pushed']>, deadline: number): Promise<void> {
    const tracked = this.#tracked as TrackedConnections
    tracked.subscriber.client.on('messageBuffer', (channel: never, payload: never) => {
      if (String(channel) === PUSH_CHANNEL) pushed(keysOf(payload as Payload))
    })
    await trackReads(tracked, deadline)
    void this.ended.then(() => pushed(undefined))
  }
}

/** Reads `cluster_current_epoch` out of `CLUSTER INFO`; 0 when it is not told. */
export function epochIn(info: unknown): number {
  return Number(/^cluster_current_epoch:(\d+)/m.exec(String(info))?.[1] ?? 0)
}
