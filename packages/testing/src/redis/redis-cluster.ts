import { TestingError } from '../errors.ts'
import { eventually } from './eventually.ts'
import type { RedisServer } from './redis-server.ts'
import { factsOf, stopAll, withRole } from './server-group.ts'

/** A Redis Cluster of real servers that a test started. Its nodes can be killed, frozen and restarted one by one. */
export class RedisCluster implements AsyncDisposable {
  /** Every node: first those that began as masters, then the replicas. */
  readonly nodes: readonly RedisServer[]

  /** @internal Use {@link startRedisCluster}. */
  constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
  }

  /** Where the nodes listen, as cluster clients take it. */
  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ host, port }) => ({ host, port }))
  }

  /** The nodes that are masters by their own account; frozen and dead ones are not asked. */
  masters(): Promise<RedisServer[]> {
    return withRole(this.nodes, 'master')
  }

  /** The nodes that are replicas by their own account; frozen and dead ones are not asked. */
  replicas(): Promise<RedisServer[]> {
    return withRole(this.nodes, 'slave')
  }

  /** The master that the cluster holds responsible for a key; it may be dead or frozen. */
  async masterOf(key: string): Promise<RedisServer> {
    return this.#serverOf(await this.#ownerOf(key, this.#anyResponsive()))
  }

  /** The replicas of the master of a key, the dead and frozen ones included. */
  async replicasOf(key: string): Promise<RedisServer[]> {
    const asked = this.#anyResponsive()
    const owner = await this.#ownerOf(key, asked)
    const members = await membersAsSeenBy(asked)
    return members.filter(({ masterId }) => masterId === owner.id).map((member) => this.#serverOf(member))
  }

  /**
   * Resolves when every responsive node holds the cluster to be complete and no master that it holds responsible is dead or
   * frozen: after a master was lost, that is when its replica has taken over.
   *
   * @throws {@link TestingError} with code `NOT_IN_TIME` after `within` milliseconds (default 30000)
   */
  async settled(within = 30_000): Promise<void> {
    const isSettled = async () => {
      const responsive = this.nodes.filter((node) => node.responsive)
      const states = await Promise.all(responsive.map((node) => factsOf(node, 'CLUSTER', 'INFO')))
      if (!states.every((facts) => facts.get('cluster_state') === 'ok')) return false
      const views = await Promise.all(responsive.map(membersAsSeenBy))
      return views.flat().every((member) => member.slots.length === 0 || this.#serverOf(member).responsive)
    }
    await eventually(isSettled, { what: 'every slot of the cluster has a master that answers', within })
  }

  /** Stops every node. */
  async stop(): Promise<void> {
    await stopAll(this.nodes)
  }

  /** Stops every node: `await using cluster = await startRedisCluster()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #ownerOf(key: string, asked: RedisServer): Promise<ClusterMember> {
    const slot = Number(await asked.command('CLUSTER', 'KEYSLOT', key))
    const members = await membersAsSeenBy(asked)
    const owner = members.find(({ slots }) => slots.some(([first, last]) => first <= slot && slot <= last))
    if (owner !== undefined) return owner
    throw new TestingError('REDIS_CONNECTION_LOST', `No node of the cluster serves slot ${slot} of key '${key}'.`)
  }

  #anyResponsive(): RedisServer {
    const node = this.nodes.find(({ responsive }) => responsive)
    if (node !== undefined) return node
    throw new TestingError('REDIS_CONNECTION_LOST', 'No node of the cluster is running and unfrozen.')
  }

  #serverOf({ port }: ClusterMember): RedisServer {
    const server = this.nodes.find((node) => node.port === port)
    if (server !== undefined) return server
    throw new TestingError(
      'REDIS_CONNECTION_LOST',
      `A node at port ${port} has joined the cluster that this test did not start.`,
    )
  }
}

/** A node as another one sees it. */
export interface ClusterMember {
  readonly id: string
  readonly port: number
  /** The id of the master that it follows; undefined for a master. */
  readonly masterId: string | undefined
  /** The slots that it serves, as ranges with both ends included. */
  readonly slots: readonly (readonly [first: number, last: number])[]
}

/** All members in the view of one node. Source: https://redis.io/docs/latest/commands/cluster-nodes/ */
export async function membersAsSeenBy(node: RedisServer): Promise<ClusterMember[]> {
  const lines = String(await node.command('CLUSTER', 'NODES'))
    .trim()
    .split('\n')
  return lines.map((line) => {
    const [id = '', address = '', , master = '-', , , , , ...ranges] = line.split(' ')
    const port = Number(/:(\d+)@/.exec(address)?.[1])
    // Slots on their way to another node stand in brackets beside the ranges that contain them.
    const slots = ranges.filter((range) => !range.startsWith('[')).map(toSlotRange)
    return { id, port, masterId: master === '-' ? undefined : master, slots }
  })
}

function toSlotRange(range: string): readonly [number, number] {
  const [first = '', last = first] = range.split('-')
  return [Number(first), Number(last)]
}
