import { type FaultProxy, startFaultProxy } from '@granary/testing'
import type { Topology } from '../schedule/schedule.ts'
import { ClusterGroup } from './servers/cluster-group.ts'
import { ReplicatedServers } from './servers/replicated-servers.ts'
import { attempt, type RedisWay, type Servers } from './servers/servers.ts'
import { SingleServer } from './servers/single-server.ts'
import { WatchedGroup } from './servers/watched-group.ts'
import { WorkerProcess } from './worker-process.ts'

/** What a site is built of. */
export interface SitePlan {
  /** Processes of the application. */
  readonly processes: number
  /** The program that they run. */
  readonly program: string
  /** How Redis is arranged. */
  readonly topology: Topology
}

const START: Readonly<Record<Topology, (onPromoted: () => void) => Promise<Servers>>> = {
  single: (onPromoted) => SingleServer.start(onPromoted),
  cluster: async () => new ReplicatedServers(await ClusterGroup.start()),
  sentinel: async () => new ReplicatedServers(await WatchedGroup.start()),
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
    const servers = await START[plan.topology](() => onPromoted())
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
  wayOf(process: number): { readonly port: number; readonly redis: RedisWay } {
    const proxies = this.#proxies[process] ?? []
    return { port: proxies[0]?.port ?? 0, redis: this.servers.wayThrough(proxies) }
  }

  /** Whether a master that was deposed and does not know it is awake, and whether a process talks to it. */
  async deposed(): Promise<{ readonly isAwake: boolean; readonly isUsed: boolean }> {
    const overruled = await this.servers.overruled()
    const places = overruled.map((target) => this.servers.targets.indexOf(target))
    const isUsed = this.#proxies.some((proxies) =>
      places.some((at) => proxies[at]?.connections.some(({ abandoned }) => !abandoned)),
    )
    return { isAwake: overruled.length > 0, isUsed }
  }

  /** Sends a command past all proxies to every server that takes writes. */
  async everywhere(...args: readonly string[]): Promise<void> {
    for (const server of await this.servers.masters()) await attempt(server, ...args)
  }

  /** Sends one to the server that has a key; undefined when it does not take it. */
  async onKey(key: string, ...args: readonly string[]): Promise<unknown> {
    const find = () => this.servers.masterOf(key).catch(() => undefined)
    const server = await find()
    const reply = server === undefined ? undefined : await attempt(server, ...args)
    // What was told to one that was replaced meanwhile is as good as not said.
    return (await find()) === server ? reply : undefined
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
