import {
  type Clock,
  GranaryError,
  type RedisHandle,
  type RedisLike,
  type RedisSource,
  redisHandle,
} from '@granary/core'
import type { Script } from './scripts.ts'

/** The index cannot be asked now. The cache asks the model instead. */
export class IndexUnavailable extends GranaryError {
  constructor(message: string, cause?: unknown) {
    super('INDEX_UNAVAILABLE', message, { cause })
  }
}

/** A command and its arguments. */
export type Command = readonly [name: string, ...args: (string | Uint8Array | number)[]]

/** As long as a connection attempt may take, in milliseconds. */
const CONNECT_TIMEOUT = 1_000

/** Milliseconds between attempts to connect; the last one repeats. */
const PAUSES = [0, 50, 200, 1_000]

/** Calls given up in a row, until the connection is dropped: a frozen server never closes it. */
const MOST_GIVEN_UP = 2

/** Commands waiting for a reply; more are refused. */
const MOST_IN_FLIGHT = 10_000

/**
 * One connection, made when it is first needed and again after it was lost. It queues nothing and repeats nothing; how long a call
 * may take is the caller's signal to say.
 */
export class RedisLine {
  readonly #redis: RedisHandle
  readonly #clock: Clock
  #client: Promise<RedisLike> | undefined
  #attempts = 0
  #lastAttempt = Number.NEGATIVE_INFINITY
  #givenUp = 0
  #inFlight = 0
  #closed = false

  constructor(redis: RedisSource | undefined, clock: Clock) {
    this.#redis = redisHandle(redis)
    this.#clock = clock
  }

  /** Sends commands in one burst and answers with their replies; rejects with the first failure, or with the signal's reason. */
  async send(commands: readonly Command[], signal: AbortSignal | undefined): Promise<unknown[]> {
    signal?.throwIfAborted()
    const client = await this.#within(this.#connected(), signal)
    if (this.#inFlight + commands.length > MOST_IN_FLIGHT)
      throw new IndexUnavailable('Too many commands wait for Redis; the index is asked for more than it can answer.')
    const replies = commands.map(async ([name, ...args]) => {
      this.#inFlight += 1
      try {
        return await client.callBuffer(name, args.map(asBuffer))
      } finally {
        this.#inFlight -= 1
      }
    })
    const answered = await this.#within(Promise.all(replies), signal)
    this.#givenUp = 0
    return answered
  }

  /** Runs a script beside other commands; it is sent whole when the server does not know it. */
  async run(
    script: Script,
    keys: readonly string[],
    args: readonly (string | Uint8Array | number)[],
    options: { readonly signal: AbortSignal | undefined; readonly beside?: readonly Command[] },
  ): Promise<unknown[]> {
    const rest = [keys.length, ...keys, ...args]
    const beside = options.beside ?? []
    try {
      return await this.send([['EVALSHA', script.digest, ...rest], ...beside], options.signal)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return this.send([['EVAL', script.source, ...rest], ...beside], options.signal)
    }
  }

  /** Closes the connection for good. */
  async close(): Promise<void> {
    this.#closed = true
    const client = await this.#client?.catch(() => undefined)
    client?.disconnect()
  }

  #connected(): Promise<RedisLike> {
    if (this.#closed) throw new IndexUnavailable('The index is closed.')
    if (this.#client !== undefined) return this.#client
    const pause = PAUSES[Math.min(this.#attempts, PAUSES.length - 1)] as number
    if (this.#clock.now() - this.#lastAttempt < pause) throw new IndexUnavailable('Redis is away.')
    this.#attempts += 1
    this.#lastAttempt = this.#clock.now()
    const connecting = this.#connect()
    this.#client = connecting
    connecting.catch(() => this.#forget(connecting))
    return connecting
  }

  async #connect(): Promise<RedisLike> {
    const client = await this.#redis.duplicate({ connectTimeout: CONNECT_TIMEOUT })
    client.on('error', () => {})
    const connecting = this.#client
    client.on('end', () => this.#forget(connecting))
    try {
      await client.connect()
    } catch (cause) {
      client.disconnect()
      throw new IndexUnavailable('Redis cannot be reached.', cause)
    }
    this.#attempts = 0
    if (this.#closed) client.disconnect()
    return client
  }

  #forget(client: Promise<RedisLike> | undefined): void {
    if (this.#client === client) this.#client = undefined
  }

  /** Gives up with the signal's reason. The commands may still be executed: all of them may be executed twice. */
  async #within<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return work
    return new Promise<T>((resolve, reject) => {
      const giveUp = () => {
        this.#noteGivenUp()
        reject(signal.reason)
      }
      signal.addEventListener('abort', giveUp, { once: true })
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp))
    })
  }

  #noteGivenUp(): void {
    this.#givenUp += 1
    if (this.#givenUp < MOST_GIVEN_UP) return
    this.#givenUp = 0
    const client = this.#client
    this.#client = undefined
    client?.then(
      (open) => open.disconnect(),
      () => {},
    )
  }
}

/** Clients send a Buffer as it is, and any other array of bytes as text. */
function asBuffer(argument: string | Uint8Array | number): string | Uint8Array | number {
  return argument instanceof Uint8Array
    ? Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
    : argument
}
