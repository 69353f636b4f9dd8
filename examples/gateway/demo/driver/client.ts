import { Pool } from 'undici'
import { INVALIDATION_HEADER } from '../../src/http/delivery.ts'
import type { Answer, Call } from '../traffic/operation.ts'

/** An answer, and whether it says that other processes will hear of the change only later. */
export interface Response extends Answer {
  readonly queued: boolean
}

interface Held {
  readonly etag: string
  readonly text: string
}

/** Talks to the processes of a gateway over connections that stay open. */
export class Client {
  readonly #pools: readonly Pool[]
  /** What a browser would keep: the latest content of each path with its tag. */
  readonly #held = new Map<string, Held>()
  #conditional = false

  /** `origins` are the processes, in order; `connections` how many requests each may have under way. */
  constructor(origins: readonly string[], connections: number) {
    this.#pools = origins.map(
      (origin) => new Pool(origin, { connections, keepAliveTimeout: 60_000, bodyTimeout: 30_000 }),
    )
  }

  /** How many processes there are. */
  get processes(): number {
    return this.#pools.length
  }

  /** Sends a call to one process and reads the whole answer. */
  async send(process: number, call: Call): Promise<Response> {
    const held = this.#condition(call)
    const startedAt = performance.now()
    const { statusCode, headers, body } = await this.#pool(process).request({
      method: call.method,
      path: call.path,
      headers: {
        ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
        ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(call.address === undefined ? {} : { 'x-forwarded-for': call.address }),
        ...(held === undefined ? {} : { 'if-none-match': held.etag }),
      },
      body: call.body === undefined ? null : JSON.stringify(call.body),
    })
    const text = await body.text()
    const endedAt = performance.now()
    const etag = headers['etag']
    if (typeof etag === 'string' && statusCode === 200) this.#held.set(call.path, { etag, text })
    return {
      process,
      startedAt,
      endedAt,
      status: statusCode,
      text: statusCode === 304 && held !== undefined ? held.text : text,
      cached: headers['x-cache']?.toString(),
      authentication: authenticationTime(headers['server-timing']),
      queued: headers[INVALIDATION_HEADER] === 'queued',
    }
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()))
  }

  /** Every second time, what is held of a path that can be asked for conditionally. */
  #condition(call: Call): Held | undefined {
    if (call.conditional !== true) return undefined
    this.#conditional = !this.#conditional
    return this.#conditional ? this.#held.get(call.path) : undefined
  }

  #pool(process: number): Pool {
    const pool = this.#pools[process]
    if (pool === undefined) throw new RangeError(`there is no process ${process}`)
    return pool
  }
}

function authenticationTime(header: string | string[] | undefined): number | undefined {
  const duration = /auth;dur=([\d.]+)/.exec(String(header))?.[1]
  return duration === undefined ? undefined : Number(duration)
}
