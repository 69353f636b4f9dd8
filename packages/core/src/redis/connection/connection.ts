import { createHash } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { type RedisFailure, RedisUnavailable } from '../../errors.ts'
import type { RedisLike } from '../../options/redis-client.ts'
import { anyAnswer, type ReadAnswer } from './answers.ts'
import { whenPatienceEnds } from './attention.ts'
import { isTripped, record, UNTRIPPED } from './breaker.ts'
import { type Awaited, Deadlines } from './deadlines.ts'
import { classifyFailure, isFatal } from './failure.ts'
import { guardReplies } from './reply-guard.ts'
import { readServer, type ServerFacts } from './server-facts.ts'
import { Slowness, type Unanswered } from './slowness.ts'

/** Settings that every connection of ours has, whatever the user's client says (`protocol.md`, B7). */
export const CONNECTION_SETTINGS = {
  lazyConnect: true,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  autoResubscribe: false,
  autoPipelining: false,
  enableReadyCheck: false,
  maxRetriesPerRequest: 0,
  disconnectTimeout: 100,
  retryStrategy: () => null,
  // A sentinel that does not answer is passed over; when none does, the attempt has failed, and the next one is ours.
  sentinelCommandTimeout: 250,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
  keyPrefix: '',
  protocol: 2,
} as const

/** More commands than this in flight on one connection are refused: a slow server must not queue memory without bound. */
const MOST_IN_FLIGHT = 10_000

/** The same for their bytes. A larger command still goes when nothing else is in flight. */
const MOST_BYTES_IN_FLIGHT = 64 * 1024 * 1024

/** Missed deadlines in a row after which a connection is dropped: left to itself a client never leaves a frozen server. */
const MISSES = 2

/** What is told of commands that were not sent. */
const NOT_SENT: ReadonlySet<RedisFailure> = new Set(['shut', 'overload'])

/** Refusals of a server that is well. */
const NO_FAULT: ReadonlySet<RedisFailure> = new Set(['oom', 'wrongtype', 'moved'])

/** What a connection needs to live. */
export interface ConnectionOptions {
  readonly clock: Clock
  /** Milliseconds to connect and to learn the server's life. */
  readonly patience: number
  /** Called once when the connection ends, whoever ended it. */
  readonly onLost: (cause: RedisUnavailable) => void
  /** Slower commands count as half failed; milliseconds. */
  readonly slow: number
}

/** How one command is called. */
export interface CommandCall {
  /** Monotonic milliseconds. */
  readonly deadline: number
  /** Whether a caller waits for it. */
  readonly isAwaited: boolean
  /** Exactly one of both is called, once; neither may throw. */
  readonly resolve: (reply: unknown) => void
  readonly reject: (error: unknown) => void
}

/** How a command's answer is taken. */
export interface AnswerCall<T> {
  /** Whether a caller waits for it. Default: true. */
  readonly isAwaited?: boolean
  /** Default: as it comes. */
  readonly read?: ReadAnswer<T>
}

interface Waiting extends Awaited, Unanswered {
  readonly reject: (error: unknown) => void
}

/**
 * One connection, from connect to close. It never reconnects: a new connection is a new object, so what it knows of its
 * server (its life, above all) cannot change under it.
 */
export class Connection {
  /** Digest of the server's `run_id`: differs after a restart and on another server. */
  readonly life: Uint8Array
  /** The server's version, such as `7.0.15`. */
  readonly version: string
  /** Whether the server is a node of a cluster. */
  readonly isClusterNode: boolean
  readonly client: RedisLike
  readonly #options: ConnectionOptions
  #inFlight = 0
  #bytesInFlight = 0
  readonly #waiting: Deadlines<Waiting>
  readonly #slowness: Slowness
  /** Whether the last command that somebody waited for was answered slowly. */
  wasSlow = false
  #subscribes = false
  #missed = 0
  #breaker = UNTRIPPED
  #lost: RedisUnavailable | undefined

  private constructor(client: RedisLike, server: ServerFacts, options: ConnectionOptions) {
    this.client = client
    this.#options = options
    this.#waiting = new Deadlines(options.clock)
    this.#slowness = new Slowness(options.clock, options.slow, () => this.#waiting.awaited)
    this.life = createHash('sha256').update(server.runId).digest().subarray(0, 8)
    this.version = server.version
    this.isClusterNode = server.isClusterNode
  }

  /** Connects and asks who answers. Rejects with `RedisUnavailable` and leaves nothing behind. */
  static async open(client: RedisLike, options: ConnectionOptions): Promise<Connection> {
    let ended: ((error: RedisUnavailable) => void) | undefined
    let lastError: unknown
    let opened: Connection | undefined
    guardReplies(client, {
      subscribes: () => (opened === undefined ? false : opened.#subscribes),
      unanswered: () => (opened === undefined ? undefined : opened.#inFlight),
      onDamage: () => {
        const damage = new RedisUnavailable('protocol', new Error('Redis answered what nobody had asked.'))
        lastError = damage
        if (opened === undefined) client.disconnect()
        else opened.drop(damage)
      },
    })
    client.on('error', (error: never) => {
      lastError = error
    })
    const end = new Promise<never>((_, reject) => {
      ended = reject
      client.on('end', () => reject(classifyFailure(lastError ?? new Error('Connection is closed'))))
    })
    end.catch(() => {})
    try {
      const info = await within(
        options,
        Promise.race([client.connect().then(() => client.callBuffer('INFO', ['server'])), end]),
      )
      const connection = new Connection(client, readServer(info), options)
      client.on('end', () => connection.drop(classifyFailure(lastError ?? new Error('Connection is closed'))))
      if (client.status === 'end') throw new RedisUnavailable('reset', lastError)
      // A refused SELECT is only an 'error' event: the client would go on in database 0.
      if (lastError !== undefined) throw lastError
      opened = connection
      return connection
    } catch (error) {
      ended?.(new RedisUnavailable('reset'))
      client.disconnect()
      throw classifyFailure(lastError ?? error)
    }
  }

  /** {@link Connection.send} as a promise. What `read` refuses is no answer, and ends the connection. */
  call<T = unknown>(
    command: string,
    args: readonly (string | Uint8Array | number)[],
    deadline: number,
    { isAwaited = true, read = anyAnswer }: AnswerCall<T> = {},
  ): Promise<T> {
    return new Promise((resolve, reject) =>
      this.send(command, args, { deadline, isAwaited, resolve: (reply) => resolve(read(reply)), reject }),
    )
  }

  /**
   * Sends one command; it is rejected with `RedisUnavailable` at its deadline at the latest. One that nobody waits for is not
   * held against the server when it is slow: it may have queued behind a thousand of its kind.
   */
  send(command: string, args: readonly (string | Uint8Array | number)[], call: CommandCall): void {
    const { deadline, isAwaited, reject } = call
    const sentAt = this.#options.clock.now()
    const bytes = sizeOf(args)
    const refusal = this.#refusal(deadline <= sentAt, bytes)
    if (refusal !== undefined) {
      reject(refusal)
      return
    }
    this.#subscribes ||= command === 'subscribe'
    this.#inFlight += 1
    this.#bytesInFlight += bytes
    const waiting: Waiting = {
      deadline,
      sentAt,
      isSlow: false,
      reject,
      expire: () => {
        reject(new RedisUnavailable('deadline'))
        this.#miss()
      },
    }
    this.#waiting.add(waiting, sentAt)
    this.#slowness.watch()
    const isStillAwaited = () => {
      this.#inFlight -= 1
      this.#bytesInFlight -= bytes
      return this.#waiting.remove(waiting)
    }
    this.client.callBuffer(command, args.some(isForeign) ? args.map(asArgument) : args).then(
      (reply) => {
        if (!isStillAwaited()) return
        this.#missed = 0
        if (isAwaited) this.wasSlow = waiting.isSlow
        this.#note(isAwaited && waiting.isSlow ? 'slow' : 'ok')
        this.#hand(reply, call)
      },
      (error) => {
        if (!isStillAwaited()) return
        const isUnknown = isNoScript(error) && command === 'EVALSHA'
        const failure = isNoScript(error) && !isUnknown ? misplaced(error) : classifyFailure(error)
        if (isFatal(failure.reason)) this.drop(failure)
        else if (!NO_FAULT.has(failure.reason) && !isUnknown) this.#note('failed')
        reject(isUnknown ? error : failure)
      },
    )
  }

  /** A reply that cannot be understood is none: its stream has lost its place, and whoever asked must still be answered. */
  #hand(reply: unknown, { resolve, reject }: CommandCall): void {
    try {
      resolve(reply)
    } catch (cause) {
      const failure = new RedisUnavailable('protocol', cause)
      this.drop(failure)
      reject(failure)
    }
  }

  /** Closes at once; what is in flight is rejected: it may have arrived all the same, and is never told as not sent. */
  drop(cause: RedisUnavailable): void {
    if (this.#lost !== undefined) return
    this.#lost = cause
    this.client.disconnect()
    this.#slowness.stop()
    const ofSent = NOT_SENT.has(cause.reason) ? new RedisUnavailable('reset', cause) : cause
    for (const { reject } of this.#waiting.clear()) reject(ofSent)
    this.#options.onLost(cause)
  }

  #refusal(isLate: boolean, bytes: number): RedisUnavailable | undefined {
    if (this.#lost !== undefined) return this.#lost
    if (isLate) return new RedisUnavailable('deadline')
    return this.#hasRoomFor(bytes) ? undefined : new RedisUnavailable('overload')
  }

  #hasRoomFor(bytes: number): boolean {
    if (this.#inFlight === 0) return true
    return this.#inFlight < MOST_IN_FLIGHT && this.#bytesInFlight + bytes <= MOST_BYTES_IN_FLIGHT
  }

  #miss(): void {
    this.#missed += 1
    this.#note('failed')
    if (this.#missed >= MISSES) this.drop(new RedisUnavailable('deadline'))
  }

  #note(outcome: 'ok' | 'slow' | 'failed'): void {
    this.#breaker = record(this.#breaker, outcome)
    if (isTripped(this.#breaker)) this.drop(new RedisUnavailable(outcome === 'slow' ? 'deadline' : 'error'))
  }
}

function sizeOf(args: readonly (string | Uint8Array | number)[]): number {
  let size = 0
  for (const arg of args) size += typeof arg === 'number' ? 8 : arg.length
  return size
}

/** Clients write a plain Uint8Array as text: they know only Buffers. */
function isForeign(arg: string | Uint8Array | number): arg is Uint8Array {
  return typeof arg === 'object' && !Buffer.isBuffer(arg)
}

function asArgument(arg: string | Uint8Array | number): string | Uint8Array | number {
  return isForeign(arg) ? Buffer.from(arg.buffer, arg.byteOffset, arg.byteLength) : arg
}

/** Nothing but a script's digest is answered so: the reply was another command's. */
function misplaced(error: unknown): RedisUnavailable {
  return new RedisUnavailable('protocol', error)
}

/** Whether the server has forgotten a script: it is then sent whole. */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT')
}

function within<T>({ clock, patience }: ConnectionOptions, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = whenPatienceEnds(clock, patience, () => reject(new RedisUnavailable('deadline')))
    work.then(resolve, reject).finally(cancel)
  })
}
