import { type RedisCluster, type RedisServer, startRedisCluster } from '@granary/testing'
import { pause } from './pause.ts'
import type { Servers, Target } from './servers.ts'
import { restartNode } from './single-server.ts'

/**
 * After so many milliseconds of silence a master is replaced. Long, because one that is replaced while it lives is outside the
 * guarantee until it has noticed, and this machine may be busy.
 */
const NODE_TIMEOUT = 4_000
/** A node that is stopped for longer might be replaced. */
const LONGEST_HANG = 800
/** How long a cluster may take to be whole again. */
const PATIENCE = 30_000

/** Three masters and a replica of each. */
export class ClusterServers implements Servers {
  readonly isCluster = true
  readonly #cluster: RedisCluster
  /** Killed for good: they come back when their replicas have taken over. */
  readonly #fallen = new Set<RedisServer>()
  #turn: Promise<unknown> = Promise.resolve()
  #strikes = 0

  private constructor(cluster: RedisCluster) {
    this.#cluster = cluster
  }

  static async start(): Promise<ClusterServers> {
    const args = ['--cluster-require-full-coverage', 'no']
    return new ClusterServers(await startRedisCluster({ masters: 3, replicas: 1, nodeTimeout: NODE_TIMEOUT, args }))
  }

  get targets(): readonly Target[] {
    return this.#cluster.nodes
  }

  masters(): Promise<RedisServer[]> {
    return this.#cluster.masters()
  }

  masterOf(key: string): Promise<RedisServer> {
    return this.#cluster.masterOf(key)
  }

  async hang(ms: number): Promise<void> {
    const victim = await this.#next()
    await victim.pause()
    setTimeout(() => void victim.resume().catch(() => {}), Math.min(ms, LONGEST_HANG))
  }

  restart(data: 'empty' | 'old', down: number): Promise<void> {
    return this.#inTurn(async () => restartNode(await this.#next(), data, down))
  }

  async follow(): Promise<void> {}

  async lag(): Promise<void> {}

  promote(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#fallen.size > 0) return
      const victim = await this.#next()
      this.#fallen.add(victim)
      await victim.kill()
    })
  }

  moveSlot(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const from = await this.#cluster.masterOf(key)
      const to = (await this.#cluster.masters()).find((each) => each !== from)
      if (to === undefined || !from.responsive) return
      const slot = Number(await from.command('CLUSTER', 'KEYSLOT', key))
      await this.#move(slot, from, to).catch(async (error) => {
        for (const node of [from, to]) await node.command('CLUSTER', 'SETSLOT', slot, 'STABLE').catch(() => {})
        throw error
      })
    })
  }

  async heal(): Promise<void> {
    await this.#turn
    const { nodes } = this.#cluster
    for (const node of nodes) if (node.running) await node.resume()
    for (const node of nodes) if (!node.running && !this.#fallen.has(node)) await node.restart()
    await this.#cluster.settled(PATIENCE)
    for (const node of this.#fallen) await node.restart()
    this.#fallen.clear()
    await this.#untilWhole()
  }

  async stop(): Promise<void> {
    await this.#cluster.stop()
  }

  /** Each master in turn. */
  async #next(): Promise<RedisServer> {
    const masters = await this.#cluster.masters()
    const victim = masters[this.#strikes++ % masters.length]
    if (victim === undefined) throw new Error('no master answers')
    return victim
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

  /** Every master has a replica that has caught up: the next one that is killed takes nothing along. */
  async #untilWhole(): Promise<void> {
    for (let waited = 0; waited < PATIENCE; waited += 50) {
      await this.#cluster.settled(PATIENCE)
      const [masters, replicas] = await Promise.all([this.#cluster.masters(), this.#cluster.replicas()])
      const followed = await Promise.all(
        replicas.map(async (each) => /master_link_status:up/.test(String(await each.command('INFO', 'replication')))),
      )
      if (masters.length === replicas.length && followed.every(Boolean)) return
      await pause(50)
    }
    throw new Error('the cluster did not become whole again')
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {})
    return turn
  }
}
