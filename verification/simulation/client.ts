import type { RedisLike } from '@granary/core'
import { type Reply, Status } from '../redis-model/commands.ts'
import { ErrorReply } from '../redis-model/keyspace.ts'
import type { Payload } from '../redis-model/tracking.ts'
import type { Network } from './network.ts'
import type { ProcessClock } from './process-clock.ts'
import type { Role, Socket } from './socket.ts'

type Listener = (...args: never[]) => void

/** Where a simulated client lives. */
export interface Home {
  readonly network: Network
  readonly process: number
  readonly clock: ProcessClock
}

/**
 * A Redis client in the shape the cache asks for, on the simulated network. Like ioredis with the settings the cache gives
 * it: no reconnecting, no queue, no resending; when the connection ends, whatever is in flight is rejected.
 */
export class SimulatedClient implements RedisLike {
  status = 'wait'
  readonly #home: Home
  readonly #role: Role
  readonly #listeners = new Map<string, Listener[]>()
  readonly #inFlight = new Set<(error: Error) => void>()
  #socket: Socket | undefined

  constructor(home: Home, role: Role = 'data') {
    this.#home = home
    this.#role = role
  }

  duplicate(override: { connectionName?: string } = {}): SimulatedClient {
    return new SimulatedClient(this.#home, (override.connectionName?.split(':').at(-1) ?? 'data') as Role)
  }

  connect(): Promise<void> {
    const { network, process, clock } = this.#home
    this.status = 'connecting'
    const socket = network.open(process, clock, this.#role)
    this.#socket = socket
    socket.listen(
      (reason) => this.#finish(reason),
      (channel, payload) => this.#emit('messageBuffer', Buffer.from(channel), asMessage(payload)),
    )
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject)
      socket.connect((reached) => {
        if (!this.#inFlight.delete(reject)) return
        if (reached) {
          this.status = 'ready'
          resolve()
          return
        }
        const error = withCode('connect ECONNREFUSED', 'ECONNREFUSED')
        this.#emit('error', error)
        reject(error)
        this.#socket = undefined
        socket.close()
        this.#end()
      })
    })
  }

  disconnect(): void {
    this.#socket?.close()
    this.#socket = undefined
    queueMicrotask(() => this.#end())
  }

  callBuffer(command: string, args: readonly (string | Uint8Array | number)[]): Promise<unknown> {
    const socket = this.#socket
    if (socket === undefined || this.status !== 'ready')
      return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"))
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject)
      socket.send(command, args.map(asText), (reply) => {
        if (!this.#inFlight.delete(reject)) return
        if (reply instanceof ErrorReply) reject(reply)
        else resolve(asBuffers(reply))
      })
    })
  }

  on(event: string, listener: Listener): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
    return this
  }

  removeAllListeners(event?: string): this {
    if (event === undefined) this.#listeners.clear()
    else this.#listeners.delete(event)
    return this
  }

  #finish(reason: string): void {
    this.#socket = undefined
    this.#emit('error', withCode(`read ${reason}`, reason))
    this.#end()
  }

  #end(): void {
    if (this.status === 'end') return
    this.status = 'end'
    for (const reject of this.#inFlight) reject(new Error('Connection is closed.'))
    this.#inFlight.clear()
    this.#emit('end')
  }

  #emit(event: string, ...args: unknown[]): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(...(args as never[]))
  }
}

function withCode(message: string, code: string): Error {
  return Object.assign(new Error(message), { code })
}

function asText(argument: string | Uint8Array | number): string {
  if (typeof argument === 'number') return String(argument)
  const buffer =
    typeof argument === 'string'
      ? Buffer.from(argument)
      : Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength)
  return buffer.toString('latin1')
}

function asMessage(payload: Payload): unknown {
  if (payload === null) return null
  return typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload.map((key) => Buffer.from(key, 'latin1'))
}

function asBuffers(reply: Reply): unknown {
  if (typeof reply === 'string') return Buffer.from(reply, 'latin1')
  if (reply instanceof Status) return Buffer.from(reply.text)
  return Array.isArray(reply) ? reply.map(asBuffers) : reply
}
