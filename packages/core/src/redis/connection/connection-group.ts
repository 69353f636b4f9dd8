import { RedisUnavailable } from '../../errors.ts'
import type { RedisLike } from '../../options/redis-client.ts'
import { Connection, type ConnectionOptions } from './connection.ts'

/**
 * Connections to one life of one server that are worth something only together: the group ends with the first of them that
 * ends, and whatever is still being opened then is closed as soon as it is there.
 */
export class ConnectionGroup {
  /** Resolves with the cause when the group has ended. */
  readonly ended: Promise<RedisUnavailable>
  readonly #options: ConnectionOptions
  readonly #connections: Connection[] = []
  #cause: RedisUnavailable | undefined

  constructor(options: Omit<ConnectionOptions, 'onLost'>) {
    let onLost: ConnectionOptions['onLost'] = () => {}
    this.ended = new Promise((resolve) => {
      onLost = resolve
    })
    const { clock, patience, slow } = options
    this.#options = { clock, patience, slow, onLost }
  }

  /** Opens one more. Rejects with `RedisUnavailable`, also when another server answers than the others have. */
  async open(client: Promise<RedisLike>): Promise<Connection> {
    const connection = await Connection.open(await client, this.#options)
    this.#connections.push(connection)
    const isOther = this.#connections.some(({ life }) => Buffer.compare(life, connection.life) !== 0)
    const refusal = isOther ? new RedisUnavailable('error', OTHER_SERVER) : this.#cause
    if (refusal === undefined) return connection
    connection.drop(refusal)
    throw refusal
  }

  /** Closes every connection at once; what is in flight is rejected. */
  end(cause: RedisUnavailable): void {
    this.#cause ??= cause
    this.#options.onLost(cause)
    for (const connection of this.#connections) connection.drop(cause)
  }
}

const OTHER_SERVER = new Error('The connections reached different servers.')
