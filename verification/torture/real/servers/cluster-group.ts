import { type FaultProxy, type RedisCluster, type RedisServer, startRedisCluster } from '@granary/testing'
import { type Group, hasCaughtUp } from './replicated-servers.ts'
import { natMapOf, type RedisWay, type Target } from './servers.ts'

/**
 * After so many milliseconds of silence a master is replaced. Long, because one that is replaced while it lives is outside the
 * guarantee until it has noticed, and this machine may be busy.
 */
const NODE_TIMEOUT = 4_000

/** Three masters and a replica of each. */
export class ClusterGroup implements Group {
  readonly #cluster: RedisCluster

  private constructor(cluster: RedisCluster) {
    this.#cluster = cluster
  }

  static async start(): Promise<ClusterGroup> {
    const args = ['--cluster-require-full-coverage', 'no']
    return new ClusterGroup(await startRedisCluster({ masters: 3, replicas: 1, nodeTimeout: NODE_TIMEOUT, args }))
  }

  get nodes(): readonly RedisServer[] {
    return this.#cluster.nodes
  }

  get targets(): readonly Target[] {
    return this.#cluster.nodes
  }

  wayThrough(proxies: readonly FaultProxy[]): RedisWay {
    return { cluster: proxies.map(({ url }) => url), natMap: natMapOf(this.targets, proxies) }
  }

  masters(): Promise<RedisServer[]> {
    return this.#cluster.masters()
  }

  masterOf(key: string): Promise<RedisServer> {
    return this.#cluster.masterOf(key)
  }

  settled(within: number): Promise<void> {
    return this.#cluster.settled(within)
  }

  async isWhole(): Promise<boolean> {
    const [masters, replicas] = await Promise.all([this.#cluster.masters(), this.#cluster.replicas()])
    const followed = await Promise.all(replicas.map(hasCaughtUp))
    return masters.length === replicas.length && followed.every(Boolean)
  }

  async lag(): Promise<void> {}

  async handOver(): Promise<void> {}

  async moveSlot(key: string): Promise<void> {
    const from = await this.#cluster.masterOf(key)
    const to = (await this.#cluster.masters()).find((each) => each !== from)
    if (to === undefined || !from.responsive) return
    const slot = Number(await from.command('CLUSTER', 'KEYSLOT', key))
    await this.#move(slot, from, to).catch(async (error) => {
      for (const node of [from, to]) await node.command('CLUSTER', 'SETSLOT', slot, 'STABLE').catch(() => {})
      throw error
    })
  }

  /** No node is stopped for as long as it takes to replace it. */
  async overruled(): Promise<readonly Target[]> {
    return []
  }

  /** Nodes tell each other. */
  async teach(): Promise<void> {}

  async stop(): Promise<void> {
    await this.#cluster.stop()
  }

  /** As resharding does it. */
  async #move(slot: number, from: RedisServer, to: RedisServer): Promise<void> {
    const [source, target] = (await Promise.all([from, to].map((node) => node.command('CLUSTER', 'MYID')))) as string[]
    await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source as string)
    await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target as string)
    const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]
    for (const key of keys) await from.command('MIGRATE', to.host, to.port, key, 0, 1_000)
    const others = this.#cluster.nodes.filter((each) => each !== to && each !== from && each.responsive)
    for (const node of [to, from, ...others])
      await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', target as string).catch(() => {})
  }
}
