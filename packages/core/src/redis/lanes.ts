import type { Clock } from '../clock.ts'
import type { Address, PendingRead, ReadExchange, RemoteReply } from '../engine/remote.ts'
import { ClockReader } from './clock-key.ts'
import { bytesIn, listIn, wholeIn } from './connection/answers.ts'
import type { Connection } from './connection/connection.ts'
import type { ServerTime } from './connection/server-time.ts'
import type { Holder, LeaseAnswer, LeaseRequest } from './frames.ts'
import { type Callbacks, Gather } from './gather.ts'
import type { Suspects } from './remembered/suspects.ts'
import { askForLeases } from './script/leases.ts'
import type { Session } from './session.ts'
import { HEADER_BYTES, headIn, LARGE, LARGEST_FRAME, LargeNames, readable, unlessWrongType } from './sizes.ts'

/** What lanes need beside their session. */
export interface LaneOptions {
  readonly clock: Clock
  readonly leaseTime: number
  readonly clockKey: string
  readonly time: ServerTime
  readonly suspects: Suspects
}

/**
 * The ways of one session: small reads of a tick share one MGET that also carries the clock, leases of a tick share one
 * script, and large values travel beside them, so that they delay nobody.
 */
export class Lanes implements Holder {
  readonly session: Pick<Session, 'data' | 'bulk' | 'life'>
  readonly #options: LaneOptions
  readonly #large = new LargeNames()
  readonly #clock = new ClockReader()
  readonly #reads: Gather<Address, RemoteReply>
  readonly #leases: Gather<LeaseRequest, LeaseAnswer>

  constructor(session: Pick<Session, 'data' | 'bulk' | 'life'>, options: LaneOptions) {
    this.session = session
    this.#options = options
    this.#reads = new Gather(options.clock, (addresses, deadline, callbacks) =>
      this.#readMany(session.data, addresses, deadline, callbacks),
    )
    this.#leases = new Gather(
      options.clock,
      (requests, deadline, { resolve, reject }) => {
        askForLeases(session.data, requests, { ...options, deadline }).then(resolve, reject)
      },
      ({ onLateGrant }, { status }) => {
        if (status === 'granted') onLateGrant?.()
      },
    )
  }

  get life(): Uint8Array {
    return this.session.life
  }

  get time(): ServerTime {
    return this.#options.time
  }

  /** The connection for commands without a value. */
  get small(): Connection {
    return this.session.data
  }

  read(read: PendingRead): void {
    const { request, deadline } = read
    const isSuspect = this.#options.suspects.has(request.key)
    if (!isSuspect && !this.#large.has(request.label)) {
      this.#reads.add(read)
      return
    }
    const reading = isSuspect ? this.#readSuspect(request, deadline) : this.#readAlone(request, deadline)
    reading.then(
      (reply) => read.resolve(reply),
      (error) => read.reject(error),
    )
  }

  head(key: string, deadline: number): Promise<Uint8Array> {
    return this.session.data.call('getrange', [key, 0, HEADER_BYTES - 1], deadline, { read: headIn })
  }

  acquire(request: LeaseRequest, deadline: number): Promise<LeaseAnswer> {
    return this.#leases.ask(request, deadline)
  }

  /** The connection for a value of this size; a name once found large stays with the large ones. */
  laneFor(label: string, bytes: number): Connection {
    if (bytes > LARGE) this.#large.add(label)
    return this.#large.has(label) ? this.session.bulk : this.session.data
  }

  #readMany(
    connection: Connection,
    addresses: readonly Address[],
    deadline: number,
    { resolve, reject }: Callbacks<readonly RemoteReply[]>,
  ): void {
    const { clock, clockKey, suspects } = this.#options
    const sentAt = clock.now()
    const keys = addresses.map(({ key }) => key)
    keys.push(clockKey)
    connection.send('mget', keys, {
      deadline,
      isAwaited: true,
      resolve: (reply) => {
        const values = listIn(reply, keys.length)
        const reading = this.#clock.read(values[addresses.length])
        const { life } = connection
        const exchange: ReadExchange = { clock: reading, life, sentAt, receivedAt: clock.now() }
        resolve(
          addresses.map(({ label }, at) => {
            const value = bytesIn(values[at])
            const size = value === undefined ? 0 : value.length
            if (size > LARGE) this.#large.add(label)
            return { bytes: readable(value), size, exchange }
          }),
        )
      },
      reject: (error) => {
        suspects.note(addresses, error)
        reject(error)
      },
    })
  }

  #readAlone(address: Address, deadline: number): Promise<RemoteReply> {
    return new Promise((resolve, reject) => {
      const first = ([reply]: readonly RemoteReply[]) => resolve(reply as RemoteReply)
      this.#readMany(this.session.bulk, [address], deadline, { resolve: first, reject })
    })
  }

  /** Asks how large a value is before it is read, which costs one more round trip, once. */
  async #readSuspect(address: Address, deadline: number): Promise<RemoteReply> {
    const { suspects } = this.#options
    const { bulk } = this.session
    const [size, head] = await Promise.all([
      bulk.call('strlen', [address.key], deadline, { read: wholeIn }).catch(unlessWrongType),
      bulk.call('getrange', [address.key, 0, HEADER_BYTES - 1], deadline, { read: headIn }).catch(unlessWrongType),
    ])
    if (size === undefined || head === undefined || size <= LARGEST_FRAME) {
      const reply = await this.#readAlone(address, deadline)
      suspects.clear(address.key)
      return reply
    }
    const sentAt = this.#options.clock.now()
    const read = (reply: unknown) => bytesIn(listIn(reply, 1)[0])
    const clock = await bulk.call('mget', [this.#options.clockKey], deadline, { read })
    return {
      bytes: head,
      size,
      exchange: {
        clock: this.#clock.read(clock),
        life: bulk.life,
        sentAt,
        receivedAt: this.#options.clock.now(),
      },
    }
  }
}
