import { InvalidTestOption } from '../errors.ts'
import { eventually } from './eventually.ts'
import { freePort, isFree } from './free-port.ts'
import { membersAsSeenBy, RedisCluster } from './redis-cluster.ts'
import type { RedisServer } from './redis-server.ts'
import { factsOf, followsItsMaster, startAll, stopAll } from './server-group.ts'
import { startRedis } from './start-redis.ts'

/** How to start a Redis Cluster for tests. */
export interface StartRedisClusterOptions {
  /** How many masters share the slots, at least 3; default 3. */
  readonly masters?: number
  /** How many replicas each master has; default 1. */
  readonly replicas?: number
  /** After how many milliseconds of silence a node is held to be down (`cluster-node-timeout`); default 1000. */
  readonly nodeTimeout?: number
  /** More arguments for every node. */
  readonly args?: readonly string[]
  /** The server program, as for {@link startRedis}. */
  readonly binary?: string
}

const SLOTS = 16_384
const BUS_OFFSET = 10_000
const HIGHEST_WITH_BUS = 22_000
const FORMATION = 20_000

/**
 * Starts a Redis Cluster of real servers on loopback and resolves when every node agrees that it is complete and every
 * replica follows its master: about two seconds.
 *
 * ```ts
 * const cluster = await startRedisCluster({ masters: 3, replicas: 1 })
 * const victim = await cluster.masterOf('user:7')
 * await victim.kill()
 * await cluster.settled()
 * ```
 *
 * @throws {@link InvalidTestOption} for counts that make no cluster
 */
export async function startRedisCluster(options: StartRedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicas = 1 } = options
  if (!Number.isSafeInteger(masters) || masters < 3) {
    throw new InvalidTestOption('masters', masters, 'give a whole number from 3: fewer cannot agree on a failover')
  }
  if (!Number.isSafeInteger(replicas) || replicas < 0)
    throw new InvalidTestOption('replicas', replicas, 'give a whole number from 0')
  const nodes = await startAll(Array.from({ length: masters * (replicas + 1) }, () => () => startNode(options)))
  try {
    await form(nodes, masters)
    return new RedisCluster(nodes)
  } catch (error) {
    await stopAll(nodes)
    throw error
  }
}

async function startNode(options: StartRedisClusterOptions): Promise<RedisServer> {
  const { nodeTimeout = 1_000, args = [], binary } = options
  return startRedis({
    port: await portWithBus(),
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'],
      ...['--cluster-node-timeout', String(nodeTimeout)],
      // Replicas stay with their master, so that a test knows who follows whom; and they begin to copy at once.
      ...['--cluster-allow-replica-migration', 'no', '--repl-diskless-sync-delay', '0'],
      ...args,
    ],
    ...(binary === undefined ? {} : { binary }),
  })
}

/** Ports handed out by this process whose servers may not listen yet. */
const promised = new Set<number>()

/** A free port whose cluster bus, 10000 above, is free as well. */
async function portWithBus(): Promise<number> {
  for (;;) {
    const port = await freePort(HIGHEST_WITH_BUS)
    if (promised.has(port) || !(await isFree(port + BUS_OFFSET))) continue
    promised.add(port)
    return port
  }
}

async function form(nodes: readonly RedisServer[], masterCount: number): Promise<void> {
  const masters = nodes.slice(0, masterCount)
  const replicas = nodes.slice(masterCount)
  await Promise.all(nodes.map((node, index) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)))
  await Promise.all(
    masters.map((master, index) => master.command('CLUSTER', 'ADDSLOTS', ...slotsOf(index, masterCount))),
  )
  const [first, ...others] = nodes as [RedisServer, ...RedisServer[]]
  for (const other of others) await first.command('CLUSTER', 'MEET', other.host, other.port)
  await eventually(async () => (await Promise.all(nodes.map((node) => knows(node, nodes.length)))).every(Boolean), {
    what: 'every cluster node knows every other',
    within: FORMATION,
  })
  await Promise.all(
    replicas.map(async (replica, index) => {
      const master = masters[index % masterCount] as RedisServer
      await replica.command('CLUSTER', 'REPLICATE', String(await master.command('CLUSTER', 'MYID')))
    }),
  )
  await eventually(async () => (await Promise.all(replicas.map(followsItsMaster))).every(Boolean), {
    what: 'every replica follows its master',
    within: FORMATION,
  })
  await eventually(
    async () => (await Promise.all(nodes.map((node) => seesReplicas(node, replicas.length)))).every(Boolean),
    {
      what: 'every cluster node sees every replica',
      within: FORMATION,
    },
  )
}

async function knows(node: RedisServer, count: number): Promise<boolean> {
  const facts = await factsOf(node, 'CLUSTER', 'INFO')
  return facts.get('cluster_state') === 'ok' && facts.get('cluster_known_nodes') === String(count)
}

async function seesReplicas(node: RedisServer, count: number): Promise<boolean> {
  return (await membersAsSeenBy(node)).filter(({ masterId }) => masterId !== undefined).length === count
}

function slotsOf(index: number, masterCount: number): number[] {
  const from = Math.floor((SLOTS * index) / masterCount)
  const to = Math.floor((SLOTS * (index + 1)) / masterCount)
  return Array.from({ length: to - from }, (_, offset) => from + offset)
}
