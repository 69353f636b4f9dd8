import { connect, type Socket } from 'node:net'
import { TestingError } from '../errors.ts'
import { encodeCommand, type RedisArgument, type RedisReply, ReplyReader } from './resp.ts'

/** Redis answered a command with an error. The message is Redis' own. */
export class RedisReplyError extends TestingError {
  constructor(message: string) {
    super('REDIS_REPLY', message)
  }

  /** The first word of the message: `WRONGTYPE`, `NOAUTH`, `ERR`, … */
  get kind(): string {
    return this.message.split(' ', 1)[0] ?? ''
  }
}

/** Where a server listens, and its password when it has one. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly password?: string | undefined
}

interface Waiting {
  readonly resolve: (reply: RedisReply) => void
  readonly reject: (error: Error) => void
}

/**
 * One connection to a Redis server that sends commands and matches their replies in order. It does not reconnect. It is for
 * steering a test's server, and deliberately shares nothing with the client under test.
 */
export class RedisLine {
  /** Called with each reply that no command waits for: MONITOR lines and pushed messages. */
  onUnasked: ((reply: RedisReply) => void) | undefined
  /** Called once, when the connection has ended for whatever reason. */
  onEnd: (() => void) | undefined
  readonly #socket: Socket
  readonly #waiting: Waiting[] = []
  #ended: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    const reader = new ReplyReader((message) => new RedisReplyError(message))
    socket.on('data', (chunk) => {
      try {
        for (const reply of reader.push(chunk)) this.#take(reply)
      } catch (error) {
        socket.destroy(error as Error)
      }
    })
    socket.once('close', () => this.#end(new Error('the server closed the connection')))
    socket.on('error', (error) => this.#end(error))
  }

  /** Connects, and authenticates when there is a password. */
  static async open(address: RedisAddress): Promise<RedisLine> {
    const line = await new Promise<RedisLine>((resolve, reject) => {
      const socket = connect({ host: address.host, port: address.port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RedisLine(socket))
      })
    })
    try {
      if (address.password !== undefined) await line.send(['AUTH', address.password])
      return line
    } catch (error) {
      line.close()
      throw error
    }
  }

  /** Whether commands can still be sent. */
  get open(): boolean {
    return this.#ended === undefined
  }

  /** This end of the connection as MONITOR and CLIENT LIST show it. */
  get localAddress(): string {
    return `${this.#socket.localAddress}:${this.#socket.localPort}`
  }

  /** Sends one command; bulk replies come as bytes, error replies reject with {@link RedisReplyError}. */
  send(args: readonly RedisArgument[]): Promise<RedisReply> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#socket.ref()
      this.#waiting.push({ resolve, reject })
      this.#socket.write(encodeCommand(args))
    })
  }

  /** Closes the connection; commands without a reply reject. */
  close(): void {
    this.#socket.destroy()
    this.#end(new Error('it was closed by the test'))
  }

  #take(reply: RedisReply): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) {
      this.onUnasked?.(reply)
      return
    }
    if (this.#waiting.length === 0) this.#socket.unref()
    if (reply instanceof Error) waiting.reject(reply)
    else waiting.resolve(reply)
  }

  #end(cause: Error): void {
    if (this.#ended !== undefined) return
    const message = `The connection to Redis is gone: ${cause.message}.`
    this.#ended = new TestingError('REDIS_CONNECTION_LOST', message, cause)
    this.onEnd?.()
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended)
  }
}
