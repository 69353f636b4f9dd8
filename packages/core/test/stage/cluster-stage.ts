import {
  type FaultProxy,
  type RedisCluster,
  type RedisServer,
  type StartRedisClusterOptions,
  startFaultProxy,
  startRedisCluster,
} from '@granary/testing'
import { Cluster } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { type Cache, createCache, type RedisTierOptions } from '../../src/index.ts'
import { slotOf } from '../../src/redis/cluster/slot.ts'
import { SILENT } from './log-recorder.ts'
import { expectNothingLeft, type NodeOptions, until } from './redis-stage.ts'

/** A real cluster of one test file, and the caches of the test that is running. */
export class ClusterStage {
  /** Three masters with a replica each; started before the first test. */
  cluster!: RedisCluster
  /** Differs from test to test. */
  namespace = ''
  readonly #caches: Cache[] = []
  readonly #proxies: FaultProxy[] = []

  /** A cache as another process would have it, ready to use. */
  async node({ redis = {}, ...options }: NodeOptions = {}): Promise<Cache> {
    const client = { cluster: this.cluster.addresses } as RedisTierOptions['client']
    const cache = createCache({ namespace: this.namespace, logger: SILENT, ...options, redis: { client, ...redis } })
    this.#caches.push(cache)
    await cache.ready()
    return cache
  }

  /** A cache that reaches each node only through a proxy of that node's own. */
  async proxied(
    options: NodeOptions = {},
  ): Promise<{ readonly cache: Cache; readonly proxyOf: (node: RedisServer) => FaultProxy }> {
    const { client, proxyOf } = await this.detour()
    return { cache: await this.node({ ...options, redis: { ...options.redis, client } }), proxyOf }
  }

  /** A way to the cluster through a proxy for each node; they are stopped when the test ends. */
  async detour(): Promise<{
    readonly client: RedisTierOptions['client']
    readonly proxyOf: (node: RedisServer) => FaultProxy
  }> {
    const { nodes } = this.cluster
    const proxies = await Promise.all(nodes.map((target) => startFaultProxy({ target })))
    this.#proxies.push(...proxies)
    const proxyOf = (node: RedisServer) => proxies[nodes.indexOf(node)] as FaultProxy
    const natMap = Object.fromEntries(
      nodes.map((node) => [`${node.host}:${node.port}`, { host: proxyOf(node).host, port: proxyOf(node).port }]),
    )
    return { client: { cluster: proxies.map(({ url }) => url), natMap }, proxyOf }
  }

  /** The key of the namespace's clock. */
  get clockKey(): string {
    return `{${this.namespace}}:clk`
  }

  /** The master that keeps the metadata. */
  home(): Promise<RedisServer> {
    return this.cluster.masterOf(this.clockKey)
  }

  /** The masters that do not. */
  async others(): Promise<RedisServer[]> {
    const home = await this.home()
    return (await this.cluster.masters()).filter((master) => master !== home)
  }

  /** So many ids whose rows live on that master. */
  async idsOn(master: RedisServer, keyOf: (id: number) => string, count: number): Promise<number[]> {
    const isServed = await servedBy(master)
    const ids: number[] = []
    for (let id = 0; ids.length < count; id++) if (isServed(slotOf(keyOf(id)))) ids.push(id)
    return ids
  }

  /** A killed node comes back, as a replica of the one that took over. */
  async bringBack(node: RedisServer): Promise<void> {
    await node.restart()
    await until(async () => (await this.cluster.replicas()).includes(node), 15_000)
    await until(async () => String(await node.command('INFO', 'replication')).includes('master_link_status:up'), 15_000)
  }

  /** Another program, which knows nothing of this library; closed when the test ends. */
  otherProgram(): Cluster {
    const client = new Cluster(this.cluster.addresses, {
      slotsRefreshInterval: 500,
      redisOptions: { maxRetriesPerRequest: 1, commandTimeout: 500 },
    })
    client.on('error', () => {})
    onTestFinished(() => client.disconnect())
    return client
  }

  async endTest(): Promise<void> {
    const [caches, proxies] = [this.#caches.splice(0), this.#proxies.splice(0)]
    await Promise.all(proxies.map((proxy) => proxy.heal()))
    try {
      for (const cache of caches) await expectNothingLeft(cache)
    } finally {
      await Promise.all(caches.map((cache) => cache.close()))
      await Promise.all(proxies.map((proxy) => proxy.stop()))
    }
  }
}

/** Whether a slot is served by a server, by its own account. */
async function servedBy(server: RedisServer): Promise<(slot: number) => boolean> {
  const [id, ranges] = await Promise.all([server.command('CLUSTER', 'MYID'), server.command('CLUSTER', 'SLOTS')])
  const own = (ranges as [number, number, [string, number, string]][]).filter(([, , master]) => master[2] === id)
  return (slot) => own.some(([first, last]) => Number(first) <= slot && slot <= Number(last))
}

/** No master of a cluster that is started so is taken for dead while the machine is busy with something else. */
export const STEADY: StartRedisClusterOptions = { nodeTimeout: 15_000 }

/** Starts one cluster for the tests of a file, and ends every test quietly. */
export function useCluster(options: StartRedisClusterOptions): ClusterStage {
  const stage = new ClusterStage()
  let tests = 0
  beforeAll(async () => {
    stage.cluster = await startRedisCluster({ masters: 3, replicas: 1, ...options })
  })
  beforeEach(() => {
    stage.namespace = `test-${++tests}`
  })
  afterEach(() => stage.endTest())
  afterAll(() => stage.cluster.stop())
  return stage
}

/**
 * Moves a slot with everything in it, as resharding does, and calls `halfway` when the target is importing and nothing has
 * moved yet.
 */
export async function moveSlot(
  cluster: RedisCluster,
  slot: number,
  { from, to, halfway = async () => {} }: { from: RedisServer; to: RedisServer; halfway?: () => Promise<void> },
): Promise<void> {
  const [source, target] = (await Promise.all([from, to].map((node) => node.command('CLUSTER', 'MYID')))) as string[]
  await to.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', source as string)
  await from.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', target as string)
  await halfway()
  const keys = (await from.command('CLUSTER', 'GETKEYSINSLOT', slot, 1_000)) as string[]
  for (const key of keys) await from.command('MIGRATE', to.host, to.port, key, 0, 1_000)
  for (const node of [to, from, ...cluster.nodes.filter((each) => each !== to && each !== from && each.responsive)])
    await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', target as string).catch(() => {})
}
