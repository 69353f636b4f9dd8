import { type FaultProxy, startFaultProxy } from '@granary/testing'
import { ClusterServers } from './cluster-servers.ts'
import { attempt, type ClusterWay, type Servers } from './servers.ts'
import { SingleServer } from './single-server.ts'
import { WorkerProcess } from './worker-process.ts'

/** What a site is built of. */
export interface SitePlan {
  /** Processes of the application. */
  readonly processes: number
  /** The program that they run. */
  readonly program: string
  /** Whether Redis is a cluster. */
  readonly cluster: boolean
}

/** Servers, and some processes of the application, each behind proxies of its own. */
export class Site {
  readonly servers: Servers
  readonly workers: WorkerProcess[] = []
  readonly #plan: SitePlan
  /** For each process, a proxy for each node. */
  readonly #proxies: (readonly FaultProxy[])[] = []

  private constructor(plan: SitePlan, servers: Servers) {
    this.#plan = plan
    this.servers = servers
  }

  static async start(plan: SitePlan): Promise<Site> {
    let onPromoted = () => {}
    const servers = plan.cluster ? await ClusterServers.start() : await SingleServer.start(() => onPromoted())
    const site = new Site(plan, servers)
    onPromoted = () => {
      for (const proxy of site.#proxies.flat()) proxy.drop()
    }
    for (let index = 0; index < plan.processes; index++) {
      site.#proxies.push(await Promise.all(servers.targets.map((target) => startFaultProxy({ target }))))
      site.workers.push(await WorkerProcess.start(plan.program))
    }
    return site
  }

  /** The proxies of a process, or of all. */
  proxiesOf(process: number | undefined): readonly FaultProxy[] {
    return process === undefined ? this.#proxies.flat() : (this.#proxies[process] ?? [])
  }

  /** How a process reaches its Redis. */
  wayOf(process: number): { readonly port: number; readonly cluster?: ClusterWay } {
    const proxies = this.#proxies[process] ?? []
    const port = proxies[0]?.port ?? 0
    if (!this.servers.isCluster) return { port }
    const natMap = this.servers.targets.map(
      ({ host, port }, at) => [`${host}:${port}`, { host: '127.0.0.1', port: proxies[at]?.port ?? 0 }] as const,
    )
    return { port, cluster: { urls: proxies.map(({ url }) => url), natMap: Object.fromEntries(natMap) } }
  }

  /** Sends a command past all proxies to every server that takes writes. */
  async everywhere(...args: readonly string[]): Promise<void> {
    for (const server of await this.servers.masters()) await attempt(server, ...args)
  }

  /** Sends one to the server that has a key; undefined when it does not take it. */
  async onKey(key: string, ...args: readonly string[]): Promise<unknown> {
    const server = await this.servers.masterOf(key).catch(() => undefined)
    return server === undefined ? undefined : attempt(server, ...args)
  }

  /** Another process in the place of one that was killed. */
  async replace(index: number): Promise<WorkerProcess> {
    const worker = await WorkerProcess.start(this.#plan.program)
    this.workers[index] = worker
    return worker
  }

  /** Everything works again: the servers run and have memory, and nothing is between them and the processes. */
  async heal(): Promise<void> {
    await this.servers.heal()
    await this.everywhere('CONFIG', 'SET', 'maxmemory', '0')
    for (const worker of this.workers) worker.resume()
    await Promise.all(this.proxiesOf(undefined).map((proxy) => proxy.reset()))
  }

  /** As new: also without data and without processes that are gone. */
  async clear(): Promise<void> {
    await this.heal()
    await this.everywhere('FLUSHALL')
    await Promise.all(this.workers.map((worker, index) => (worker.running ? undefined : this.replace(index))))
  }

  async stop(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill()))
    await Promise.all(this.proxiesOf(undefined).map((proxy) => proxy.stop()))
    await this.servers.stop()
  }
}
