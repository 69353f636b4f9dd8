import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { turn } from '../time/turn.ts'

/** A port that another program has taken meanwhile is tried again for so long, and this often; milliseconds. */
const PATIENCE = 10_000
const PAUSE = 50

/** A listening port that can be closed and opened again. */
export class Listener {
  readonly host: string
  readonly port: number
  readonly #accept: (socket: Socket) => void
  #server: Server | undefined
  #hasListened = false
  #last: Promise<void> = Promise.resolve()

  constructor(address: { readonly host: string; readonly port: number }, accept: (socket: Socket) => void) {
    this.host = address.host
    this.port = address.port
    this.#accept = accept
  }

  /** Begins to listen, unless it does already. */
  open(): Promise<void> {
    return this.#inTurn(() => this.#listen())
  }

  /** Stops listening; connections that were accepted stay open. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#unlisten())
  }

  /** One after the other: a port that is being opened cannot be closed yet, nor the other way round. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const result = this.#last.then(step)
    this.#last = result.catch(() => {})
    return result
  }

  async #listen(): Promise<void> {
    if (this.#server !== undefined) return
    const giveUpAt = performance.now() + (this.#hasListened ? PATIENCE : 0)
    for (;;) {
      try {
        this.#server = await this.#tryToListen()
        this.#hasListened = true
        return
      } catch (error) {
        const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        if (!isTaken || performance.now() >= giveUpAt) throw error
        await wait(PAUSE)
      }
    }
  }

  #tryToListen(): Promise<Server> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, this.#accept)
    server.unref()
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: this.host, port: this.port, exclusive: true }, () => {
        server.off('error', reject)
        resolve(server)
      })
    })
  }

  async #unlisten(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.close()
    // The system closes the listening socket before the next turn; the callback of close() would wait for open connections.
    await turn()
  }
}
