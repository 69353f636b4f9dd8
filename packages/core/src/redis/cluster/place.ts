import type { Clock } from '../../clock.ts'
import { RedisUnavailable } from '../../errors.ts'
import type { RedisLike } from '../../options/redis-client.ts'
import { Connection } from '../connection/connection.ts'
import { ServerTime } from '../connection/server-time.ts'
import type { Holder } from '../frames.ts'
import type { NodeAddress } from './node-address.ts'

/** What places of a cluster are opened with. */
export interface PlaceOptions {
  readonly clock: Clock
  /** A client for one node, not yet connected. */
  readonly makeNode: (address: NodeAddress, role: 'data' | 'bulk') => Promise<RedisLike>
  /** Milliseconds to connect and to be known. */
  readonly patience: number
  /** Slower commands count as half failed; milliseconds. */
  readonly slow: number
}

/**
 * One stretch of trust in one master: two connections, of one server life. It ends with the first of them that ends, and
 * whatever it granted ends with it.
 */
export class Place implements Holder {
  readonly address: NodeAddress
  readonly data: Connection
  readonly bulk: Connection
  readonly time = new ServerTime()
  /** Resolves with the cause when the place has ended. */
  readonly ended: Promise<RedisUnavailable>
  readonly #clock: Clock

  private constructor(
    address: NodeAddress,
    { data, bulk }: { data: Connection; bulk: Connection },
    { clock, ended }: { clock: Clock; ended: Promise<RedisUnavailable> },
  ) {
    this.address = address
    this.data = data
    this.bulk = bulk
    this.ended = ended
    this.#clock = clock
  }

  /** Connects, and learns the life and the clock of the server. Rejects with `RedisUnavailable` and leaves nothing behind. */
  static async open(address: NodeAddress, { clock, makeNode, patience, slow }: PlaceOptions): Promise<Place> {
    let onLost: (cause: RedisUnavailable) => void = () => {}
    const ended = new Promise<RedisUnavailable>((resolve) => {
      onLost = resolve
    })
    const opened: Connection[] = []
    const open = async (role: 'data' | 'bulk') => {
      const client = await makeNode(address, role)
      const connection = await Connection.open(client, { clock, patience, slow, onLost })
      opened.push(connection)
      return connection
    }
    try {
      const [data, bulk] = await Promise.all([open('data'), open('bulk')])
      if (Buffer.compare(data.life, bulk.life) !== 0)
        throw new RedisUnavailable('error', new Error('The connections reached different servers.'))
      const place = new Place(address, { data, bulk }, { clock, ended })
      if ((await place.askTime(patience)) > slow && (await place.askTime(patience)) > slow)
        throw new RedisUnavailable('deadline', new Error(`The node takes longer than ${slow} ms to answer.`))
      ended.then((cause) => place.end(cause))
      return place
    } catch (error) {
      for (const connection of opened) connection.drop(new RedisUnavailable('reset', error))
      throw error
    }
  }

  get life(): Uint8Array {
    return this.data.life
  }

  /** Asks the server for its time; answers how long that took, in milliseconds. */
  async askTime(patience: number): Promise<number> {
    const sentAt = this.#clock.now()
    const [seconds, micros] = (await this.data.call('time', [], sentAt + patience)) as unknown[]
    const receivedAt = this.#clock.now()
    this.time.learn(Number(String(seconds)) * 1_000 + Math.floor(Number(String(micros)) / 1_000), sentAt, receivedAt)
    return receivedAt - sentAt
  }

  /** The cluster's epoch as this node knows it: it rises with every failover. */
  async askEpoch(patience: number): Promise<number> {
    return epochIn(await this.data.call('cluster', ['info'], this.#clock.now() + patience))
  }

  /** Closes both connections at once; what is in flight is rejected. */
  end(cause: RedisUnavailable): void {
    this.data.drop(cause)
    this.bulk.drop(cause)
  }
}

/** Reads `cluster_current_epoch` out of `CLUSTER INFO`; 0 when it is not told. */
export function epochIn(info: unknown): number {
  return Number(/^cluster_current_epoch:(\d+)/m.exec(String(info))?.[1] ?? 0)
}
