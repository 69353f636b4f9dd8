import type { Clock } from '../clock.ts'
import type { Address, RemoteReply } from '../engine/remote.ts'
import type { ClockReading, MarkedReading } from '../invalidation/clock-reading.ts'
import { incarnationMark } from '../invalidation/incarnation.ts'
import { parseClock } from './clock-key.ts'
import type { Connection } from './connection/connection.ts'
import type { ServerTime } from './connection/server-time.ts'
import type { Holder, LeaseAnswer, LeaseRequest } from './frames.ts'
import { Gather } from './gather.ts'
import { askForLeases } from './script/leases.ts'
import type { Session } from './session.ts'
import { HEADER_BYTES, LARGE, LARGEST_FRAME, LargeNames, unlessWrongType } from './sizes.ts'
import type { Suspects } from './suspects.ts'

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
  readonly #session: Pick<Session, 'data' | 'bulk' | 'life'>
  readonly #options: LaneOptions
  readonly #large = new LargeNames()
  #incarnation = Number.NaN
  #marked: Uint8Array = new Uint8Array(8)
  readonly #reads: Gather<Address, RemoteReply>
  readonly #leases: Gather<LeaseRequest, LeaseAnswer>

  constructor(session: Pick<Session, 'data' | 'bulk' | 'life'>, options: LaneOptions) {
    this.#session = session
    this.#options = options
    this.#reads = new Gather(options.clock, (addresses, deadline) => this.#readMany(session.data, addresses, deadline))
    this.#leases = new Gather(options.clock, (requests, deadline) =>
      askForLeases(session.data, requests, { ...options, deadline }),
    )
  }

  get life(): Uint8Array {
    return this.#session.life
  }

  get time(): ServerTime {
    return this.#options.time
  }

  /** The connection for commands without a value. */
  get small(): Connection {
    return this.#session.data
  }

  read(address: Address, deadline: number): Promise<RemoteReply> {
    if (this.#options.suspects.has(address.key)) return this.#readSuspect(address, deadline)
    if (!this.#large.has(address.label)) return this.#reads.add(address, deadline)
    return this.#readMany(this.#session.bulk, [address], deadline).then(([reply]) => reply as RemoteReply)
  }

  head(key: string, deadline: number): Promise<Uint8Array> {
    return this.#session.data.call('getrange', [key, 0, HEADER_BYTES - 1], deadline) as Promise<Uint8Array>
  }

  acquire(request: LeaseRequest, deadline: number): Promise<LeaseAnswer> {
    return this.#leases.add(request, deadline)
  }

  /** The connection for a value of this size; a name once found large stays with the large ones. */
  laneFor(label: string, bytes: number): Connection {
    if (bytes > LARGE) this.#large.add(label)
    return this.#large.has(label) ? this.#session.bulk : this.#session.data
  }

  async #readMany(connection: Connection, addresses: readonly Address[], deadline: number): Promise<RemoteReply[]> {
    const { clock, clockKey } = this.#options
    const sentAt = clock.now()
    const keys = addresses.map(({ key }) => key)
    keys.push(clockKey)
    const values = await this.#options.suspects.watch(
      addresses,
      connection.call('mget', keys, deadline) as Promise<(Uint8Array | null)[]>,
    )
    const clockReading = this.#mark(parseClock(values[addresses.length]))
    return addresses.map(({ label }, at) => {
      const bytes = values[at] ?? undefined
      if (bytes !== undefined && bytes.length > LARGE) this.#large.add(label)
      if (bytes !== undefined && bytes.length > LARGEST_FRAME) {
        return {
          bytes: Uint8Array.from(bytes.subarray(0, HEADER_BYTES)),
          size: bytes.length,
          clock: clockReading,
          life: connection.life,
          sentAt,
        }
      }
      return { bytes, size: bytes?.length ?? 0, clock: clockReading, life: connection.life, sentAt }
    })
  }

  /** Asks how large a value is before it is read, which costs one more round trip, once. */
  async #readSuspect(address: Address, deadline: number): Promise<RemoteReply> {
    const { suspects } = this.#options
    const { bulk } = this.#session
    const [size, head] = await Promise.all([
      bulk.call('strlen', [address.key], deadline).catch(unlessWrongType),
      bulk.call('getrange', [address.key, 0, HEADER_BYTES - 1], deadline).catch(unlessWrongType),
    ])
    if (Number(size ?? 0) <= LARGEST_FRAME) {
      const [reply] = await this.#readMany(bulk, [address], deadline)
      suspects.clear(address.key)
      return reply as RemoteReply
    }
    const sentAt = this.#options.clock.now()
    const [clock] = (await bulk.call('mget', [this.#options.clockKey], deadline)) as unknown[]
    return {
      bytes: head as Uint8Array,
      size: Number(size),
      clock: this.#mark(parseClock(clock)),
      life: bulk.life,
      sentAt,
    }
  }

  /** Marks are made once per incarnation, not once per read. */
  #mark(reading: ClockReading | undefined): MarkedReading | undefined {
    if (reading === undefined) return undefined
    if (reading.incarnation !== this.#incarnation) {
      this.#incarnation = reading.incarnation
      this.#marked = incarnationMark(reading.incarnation)
    }
    return { ...reading, mark: this.#marked }
  }
}
