import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type FaultProxy, type RedisServer, startFaultProxy, startRedis } from '@granary/testing'
import { WorkerProcess } from './worker-process.ts'

/** What a site is built of. */
export interface SitePlan {
  /** Processes of the application. */
  readonly processes: number
  /** The program that they run. */
  readonly program: string
}

/** Replication begins at once, and nothing waits for a second replica. */
const SERVER = { args: ['--repl-diskless-sync-delay', '0'] }

/** A server, a replica when one is needed, and some processes of the application, each behind a proxy of its own. */
export class Site {
  readonly proxies: FaultProxy[] = []
  readonly workers: WorkerProcess[] = []
  readonly #plan: SitePlan
  #server: RedisServer
  #standby: RedisServer | undefined
  /** What is done to the server is done one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(plan: SitePlan, server: RedisServer) {
    this.#plan = plan
    this.#server = server
  }

  static async start(plan: SitePlan): Promise<Site> {
    const site = new Site(plan, await startRedis(SERVER))
    for (let index = 0; index < plan.processes; index++) {
      site.proxies.push(await startFaultProxy({ target: site.#target() }))
      site.workers.push(await WorkerProcess.start(plan.program))
    }
    return site
  }

  /** The server that answers now. */
  get server(): RedisServer {
    return this.#server
  }

  /** Sends a command past all proxies; undefined when the server does not take it. */
  async command(...args: readonly string[]): Promise<unknown> {
    return this.#server.command(...args).catch(() => undefined)
  }

  /** Kills the server and starts it again after a while, with what it saved last or with nothing. */
  restart(data: 'empty' | 'old', down: number): Promise<void> {
    return this.#inTurn(async () => {
      const folder = String(await this.#server.config.get('dir').catch(() => '')) || undefined
      await this.#server.kill()
      if (data === 'empty' && folder !== undefined) await rm(join(folder, 'dump.rdb'), { force: true })
      await new Promise((resolve) => setTimeout(resolve, down))
      await this.#server.restart()
    })
  }

  /** A replica follows the server; resolves when it has caught up. */
  async follow(): Promise<void> {
    this.#standby ??= await startRedis(SERVER)
    if (!this.#standby.running) await this.#standby.restart()
    await this.#standby.command('REPLICAOF', this.#server.host, String(this.#server.port))
    for (let tries = 0; tries < 500; tries++) {
      if (/master_link_status:up/.test(String(await this.#standby.command('INFO', 'replication')))) return
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error('the replica did not catch up')
  }

  /** The replica hears nothing any more. */
  async lag(): Promise<void> {
    if (this.#standby?.running) await this.#standby.command('REPLICAOF', 'NO', 'ONE')
  }

  /** The master dies, and the replica takes over as it is. */
  promote(): Promise<void> {
    return this.#inTurn(async () => {
      const next = this.#standby
      if (next === undefined || !next.running) return
      this.#standby = this.#server
      this.#server = next
      await this.#standby.kill()
      for (const proxy of this.proxies) proxy.drop()
    })
  }

  /** Another process in the place of one that was killed. */
  async replace(index: number): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start(this.#plan.program)
    this.workers[index] = worker
    return worker
  }

  /** Everything works again: the server runs and has memory, and nothing is between it and the processes. */
  async heal(): Promise<void> {
    await this.#turn
    if (!this.#server.running) await this.#server.restart()
    await this.#server.resume()
    await this.#server.command('CONFIG', 'SET', 'maxmemory', '0')
    for (const worker of this.workers) worker.resume()
    await Promise.all(this.proxies.map((proxy) => proxy.reset()))
  }

  /** As new: also without data and without processes that are gone. */
  async clear(): Promise<void> {
    await this.heal()
    await this.#server.command('FLUSHALL')
    await Promise.all(this.workers.map((worker, index) => (worker.running ? undefined : this.replace(index))))
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()))
    await Promise.all(this.proxies.map((proxy) => proxy.stop()))
    await Promise.all([this.#server.stop(), this.#standby?.stop()])
  }

  /** Where the proxies lead: to the server that answers now. */
  #target() {
    const current = () => this.#server
    return {
      host: '127.0.0.1',
      get port() {
        return current().port
      },
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
