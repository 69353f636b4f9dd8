import type { Clock } from '../clock.ts'
import type { Address, Targets } from '../engine/remote.ts'
import { RedisUnavailable } from '../errors.ts'
import type { ClockReading } from '../invalidation/clock-reading.ts'
import type { Hello } from '../invalidation/link.ts'
import type { RedisLike } from '../options/redis-client.ts'
import type { Random } from '../random.ts'
import { Acknowledgements, Acknowledger } from './bus/acknowledgements.ts'
import { encodeTargets } from './bus/bus-message.ts'
import { confirmReads, type Payload, type TrackedConnections, trackReads } from './bus/tracking.ts'
import { bytesIn, type ReadAnswer } from './connection/answers.ts'
import type { Connection } from './connection/connection.ts'
import { ConnectionGroup } from './connection/connection-group.ts'
import type { Told } from './frames.ts'
import type { Metadata } from './metadata.ts'
import { clockAndMembersIn, clockIn, helloIn, recordsIn, toldIn } from './script/metadata-answers.ts'
import { BUMP, BUMP_AWAITED, HELLO, JOIN, RECORDS } from './script/metadata-scripts.ts'
import { runScript, type Script, type ScriptCall } from './script/script.ts'

/** What a session needs. */
export interface SessionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly metadata: Metadata
  /** Who we are on the bus. */
  readonly origin: string
  /** A new client for each connection, not yet connected. */
  readonly makeClient: (role: 'data' | 'bulk' | 'subscriber') => Promise<RedisLike>
  /** Whether large values get a connection of their own. */
  readonly bulk: boolean
  readonly patience: number
  readonly slow: number
  /**
   * What the clock takes for its server's life; another one makes a new incarnation. Asked at each hello. Default: the life of
   * the connection.
   */
  readonly clockLife?: (data: Connection) => Promise<string>
  readonly onMessage: (channel: string, payload: Payload) => void
  /** The lease under which each process serves memory, in milliseconds; undefined: none, nobody acknowledges. */
  readonly membership: number | undefined
  /** Whether Redis is to tell of writes to the keys that this session reads. */
  readonly tracking: boolean
  /** Who else has to answer before memory is proven. Default: nobody. */
  readonly witness?: (data: Connection, deadline: number) => Promise<unknown>
}

interface MetadataCall {
  readonly deadline: number
  /** Keys of the same node. */
  readonly more?: readonly string[]
  /** Default: the connection for small commands. */
  readonly connection?: Connection
}

/** A hello as answered: what the link adopts, and the server's time beside ours. */
export interface HelloReply {
  readonly hello: Hello
  readonly sentAt: number
  readonly receivedAt: number
  readonly serverTime: number
}

const CLUSTER_NODE = new Error(
  "This server is a node of a cluster: give redis: { cluster: ['redis://…'] } instead of its address.",
)

/** How many records a hello tells: enough for most namespaces to know all. */
const HELLO_RECORDS = 5_000

/** How many tag records the namespace keeps; beyond, the oldest raise the floor. */
const MOST_RECORDS = 100_000

/**
 * The connections of one stretch of trust: data, large values, and the subscriber, all of one server life. It ends with the
 * first connection that ends; then a new one is made, verified and replayed to before Redis is trusted again.
 */
export class Session {
  readonly data: Connection
  readonly bulk: Connection
  readonly subscriber: Connection
  /** What other processes have acknowledged of what this one invalidated. */
  readonly acknowledgements: Acknowledgements
  readonly #acknowledger: Acknowledger
  readonly #options: SessionOptions
  readonly #group: ConnectionGroup
  #clockLife: string

  private constructor(
    connections: { data: Connection; bulk: Connection; subscriber: Connection },
    options: SessionOptions,
    group: ConnectionGroup,
  ) {
    this.data = connections.data
    this.bulk = connections.bulk
    this.subscriber = connections.subscriber
    this.#options = options
    this.acknowledgements = new Acknowledgements(options.clock)
    this.#acknowledger = new Acknowledger(options.origin, (origin, text) => {
      const { clock, metadata, patience } = options
      const args = [metadata.acknowledgements(origin), text]
      this.data.call('PUBLISH', args, clock.now() + patience, { isAwaited: false }).catch(() => {})
    })
    this.#group = group
    this.#clockLife = Buffer.from(this.life).toString('hex')
  }

  /** Whether this process needs a lease to serve memory, and invalidations wait for those who have one. */
  get isMember(): boolean {
    return this.#options.membership !== undefined
  }

  /** Resolves with the cause when the session has ended. */
  get ended(): Promise<RedisUnavailable> {
    return this.#group.ended
  }

  get life(): Uint8Array {
    return this.data.life
  }

  /** Connects, and subscribes. Rejects with `RedisUnavailable` and leaves nothing behind. */
  static async open(options: SessionOptions): Promise<Session> {
    const group = new ConnectionGroup(options)
    const open = (role: 'data' | 'bulk' | 'subscriber') => group.open(options.makeClient(role))
    try {
      const data = await open('data')
      if (data.isClusterNode && options.clockLife === undefined) throw new RedisUnavailable('moved', CLUSTER_NODE)
      const [subscriber, bulk] = await Promise.all([open('subscriber'), options.bulk ? open('bulk') : data])
      const session = new Session({ data, bulk, subscriber }, options, group)
      await session.#subscribe()
      return session
    } catch (error) {
      group.end(new RedisUnavailable('reset', error))
      throw error
    }
  }

  /** Opens the metadata, or learns that it is new. */
  async hello(deadline: number): Promise<HelloReply> {
    const { clock, metadata, clockLife } = this.#options
    if (clockLife !== undefined) this.#clockLife = await clockLife(this.data)
    const sentAt = clock.now()
    const args = [this.#newIncarnation(), this.#clockLife, metadata.bus, HELLO_RECORDS]
    const answer = await this.#run(HELLO, args, { deadline }, helloIn)
    return { ...answer, sentAt, receivedAt: clock.now() }
  }

  /** Invalidates keys and members, and tells the bus. */
  async bump(targets: Targets, deadline: number, frames = true): Promise<ClockReading> {
    const args = [...this.#announcing(targets), MOST_RECORDS, ...targets.members]
    const more = frames ? targets.keys.map(({ key }) => key) : []
    const { membership, metadata, clock, origin } = this.#options
    if (membership === undefined) return this.#run(BUMP, args, { deadline, more }, clockIn)
    const call = { deadline, more: [...more, metadata.members] }
    const read = (reply: unknown) => clockAndMembersIn(reply, membership)
    const { reading, members } = await this.#run(BUMP_AWAITED, [...args, membership], call, read)
    const others = members.filter(({ name }) => name !== origin)
    await this.acknowledgements.until(reading, others, clock.now())
    return reading
  }

  /** Takes or renews this process's lease to serve memory, and reads the clock. */
  async join(deadline: number): Promise<ClockReading> {
    const { membership = 0, metadata, origin } = this.#options
    const args = [this.#newIncarnation(), this.#clockLife, metadata.bus, origin, membership]
    return this.#run(JOIN, args, { deadline, more: [metadata.members] }, clockIn)
  }

  /** Gives the lease back: nobody has to wait for this process any more. */
  async leave(deadline: number): Promise<void> {
    const { membership, metadata, origin } = this.#options
    if (membership !== undefined) await this.data.call('ZREM', [metadata.members, origin], deadline)
  }

  /** Tells the sender of a message that it is applied here. */
  acknowledge(message: ClockReading & { readonly origin: string }): void {
    if (this.isMember) this.#acknowledger.add(message)
  }

  /** Runs a script that changes one frame and tells other memories of it, over `connection`. */
  async runAndTell(
    script: Script,
    address: Address,
    { connection, args, deadline }: { connection: Connection; args: ScriptCall['args']; deadline: number },
  ): Promise<Told> {
    const all = [...this.#announcing({ keys: [address], members: [] }), ...args]
    return this.#run(script, all, { deadline, more: [address.key], connection }, toldIn)
  }

  /** The records of members in an incarnation; undefined when it is gone. */
  async records(members: readonly string[], incarnation: number, deadline: number): Promise<number[] | undefined> {
    const args = [String(incarnation), ...members]
    return this.#run(RECORDS, args, { deadline }, (reply) => recordsIn(reply, members.length))
  }

  /** The clock key as it stands. */
  readClock(deadline: number): Promise<Uint8Array | undefined> {
    const args = [this.#options.metadata.clock]
    return this.data.call('GET', args, deadline, { read: bytesIn }).catch((error) => this.#failed(error))
  }

  /** Resolves when everybody has answered who tells of what a reading of the clock does not know. */
  async confirm(deadline: number): Promise<void> {
    const { tracking, witness } = this.#options
    await Promise.all([tracking ? confirmReads(this.#tracked, deadline) : undefined, witness?.(this.data, deadline)])
  }

  /** Ends the session: every connection is closed, whatever is in flight is rejected. */
  end(cause: RedisUnavailable): void {
    this.#group.end(cause)
  }

  async #subscribe(): Promise<void> {
    const { clock, metadata, patience, onMessage, tracking, membership, origin } = this.#options
    const { subscriber } = this
    subscriber.client.on('messageBuffer', (channel: never, payload: never) => onMessage(String(channel), payload))
    const deadline = clock.now() + patience
    if (tracking) await trackReads(this.#tracked, deadline)
    const channels = [metadata.bus, metadata.wake]
    if (membership !== undefined) channels.push(metadata.acknowledgements(origin))
    await subscriber.call('subscribe', channels, deadline)
  }

  get #tracked(): TrackedConnections {
    return { subscriber: this.subscriber, readers: [this.data, this.bulk] }
  }

  /** What every script that numbers an invalidation begins with: what to make anew, where to tell it, who says what. */
  #announcing(targets: Targets): string[] {
    const { metadata, origin } = this.#options
    return [this.#newIncarnation(), this.#clockLife, metadata.bus, origin, encodeTargets(targets)]
  }

  /** Runs a script over the metadata, and `more` keys of the same node. */
  async #run<T>(
    script: Script,
    args: ScriptCall['args'],
    { deadline, more = [], connection = this.data }: MetadataCall,
    read: ReadAnswer<T>,
  ): Promise<T> {
    const { clock, tags, never } = this.#options.metadata
    try {
      return await runScript(connection, script, { keys: [clock, tags, never, ...more], args, deadline }, read)
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** A server that does not serve the clock any more is left: its messages would not come, either. */
  #failed(error: unknown): never {
    if (error instanceof RedisUnavailable && error.reason === 'moved') this.end(error)
    throw error
  }

  /** Used only when the metadata has to be made anew: 52 random bits, never 0. */
  #newIncarnation(): string {
    const bytes = Buffer.from(this.#options.random.bytes(8))
    return String((bytes.readBigUInt64BE() >> 12n) | 1n)
  }
}
