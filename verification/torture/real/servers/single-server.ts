import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type FaultProxy, type RedisServer, startRedis } from '@granary/testing'
import { pause } from '../pause.ts'
import type { RedisWay, Servers, Target } from './servers.ts'

/** Replication begins at once, and nothing waits for a second replica. */
const SERVER = { args: ['--repl-diskless-sync-delay', '0'] }

/** One server, and a replica when one is needed. */
export class SingleServer implements Servers {
  readonly replacing = 0
  readonly targets: readonly Target[]
  readonly #onPromoted: () => void
  #server: RedisServer
  #standby: RedisServer | undefined
  /** What is done to the server is done one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(server: RedisServer, onPromoted: () => void) {
    this.#server = server
    this.#onPromoted = onPromoted
    const current = () => this.#server
    this.targets = [
      {
        host: '127.0.0.1',
        get port() {
          return current().port
        },
      },
    ]
  }

  /** `onPromoted` is called when the target is another server from now on. */
  static async start(onPromoted: () => void): Promise<SingleServer> {
    return new SingleServer(await startRedis(SERVER), onPromoted)
  }

  wayThrough([proxy]: readonly FaultProxy[]): RedisWay {
    return proxy?.url ?? ''
  }

  async masters(): Promise<readonly RedisServer[]> {
    return [this.#server]
  }

  async masterOf(): Promise<RedisServer> {
    return this.#server
  }

  async hang(ms: number): Promise<void> {
    const server = this.#server
    await server.pause()
    setTimeout(() => void server.resume().catch(() => {}), ms)
  }

  restart(data: 'empty' | 'old', down: number): Promise<void> {
    return this.#inTurn(() => restartNode(this.#server, data, down))
  }

  async follow(): Promise<void> {
    this.#standby ??= await startRedis(SERVER)
    if (!this.#standby.running) await this.#standby.restart()
    await this.#standby.command('REPLICAOF', this.#server.host, String(this.#server.port))
    for (let tries = 0; tries < 500; tries++) {
      if (/master_link_status:up/.test(String(await this.#standby.command('INFO', 'replication')))) return
      await pause(10)
    }
    throw new Error('the replica did not catch up')
  }

  async lag(): Promise<void> {
    if (this.#standby?.running) await this.#standby.command('REPLICAOF', 'NO', 'ONE')
  }

  promote(): Promise<void> {
    return this.#inTurn(async () => {
      const next = this.#standby
      if (next === undefined || !next.running) return
      this.#standby = this.#server
      this.#server = next
      await this.#standby.kill()
      this.#onPromoted()
    })
  }

  async depose(): Promise<void> {}

  async handOver(): Promise<void> {}

  async moveSlot(): Promise<void> {}

  async overruled(): Promise<readonly Target[]> {
    return []
  }

  async heal(): Promise<void> {
    await this.#turn
    if (!this.#server.running) await this.#server.restart()
    await this.#server.resume()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(), this.#standby?.stop()])
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}

/** Kills a server and starts it again after a while, with what it saved last or with nothing. */
export async function restartNode(server: RedisServer, data: 'empty' | 'old', down: number): Promise<void> {
  const folder = String(await server.config.get('dir').catch(() => '')) || undefined
  await server.kill()
  if (data === 'empty' && folder !== undefined) await rm(join(folder, 'dump.rdb'), { force: true })
  await pause(down)
  await server.restart()
}
