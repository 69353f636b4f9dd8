import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureRedisServer } from '../../bin/redis-binary.mjs'
import { InvalidTestOption } from '../errors.ts'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { LOG } from './redis-process.ts'
import { RedisServer } from './redis-server.ts'
import { SentinelGroup } from './sentinel-group.ts'
import { followsItsMaster, startAll, stopAll } from './server-group.ts'
import { startRedis } from './start-redis.ts'

/** How to start a master, its replicas and the sentinels that watch them. */
export interface StartSentinelOptions {
  /** The name under which the sentinels know the master; default `main`. */
  readonly name?: string
  /** How many replicas the master has, at least 1; default 2. */
  readonly replicas?: number
  /** How many sentinels watch, at least 1; default 3. */
  readonly sentinels?: number
  /** How many sentinels must agree that the master is down; default a majority. */
  readonly quorum?: number
  /** After how many milliseconds of silence the first sentinel holds a server to be down, each next one 300 later; default 500. */
  readonly downAfter?: number
  /** The password of the master and the replicas; the sentinels themselves have none. Default: none. */
  readonly password?: string
  /** The server program, as for {@link startRedis}. */
  readonly binary?: string
}

type Resolved = Required<Omit<StartSentinelOptions, 'password'>> & { readonly password: string | undefined }

const FORMATION = 20_000
/** Sentinels that notice at the same instant each vote for themselves, and the next election is seconds away. */
const STAGGER = 300
const HOST = '127.0.0.1'

/**
 * Starts a Redis master, its replicas and sentinels on loopback and resolves when the sentinels know each other and every
 * replica: between two and three seconds. The sentinels write into a server's configuration whether it is a replica: that is
 * what it is after a restart, until they say something else.
 *
 * ```ts
 * const group = await startSentinel({ name: 'main', replicas: 2, sentinels: 3 })
 * const client = new Redis({ sentinels: group.addresses, name: group.name })
 * await (await group.master()).kill()
 * await group.settled()
 * ```
 *
 * @throws {@link InvalidTestOption} for counts that cannot fail over
 */
export async function startSentinel(options: StartSentinelOptions = {}): Promise<SentinelGroup> {
  const resolved = await resolve(options)
  const servers = await startServers(resolved)
  try {
    const master = servers[0] as RedisServer
    const sentinels = await startAll(
      Array.from({ length: resolved.sentinels }, (_, index) => () => startOne(resolved, master.port, index)),
    )
    const group = new SentinelGroup({ name: resolved.name, servers, sentinels })
    try {
      await eventually(() => group.isComplete(), {
        what: 'the sentinels know each other and every replica',
        within: FORMATION,
      })
      return group
    } catch (error) {
      await stopAll(sentinels)
      throw error
    }
  } catch (error) {
    await stopAll(servers)
    throw error
  }
}

async function resolve(options: StartSentinelOptions): Promise<Resolved> {
  const { name = 'main', replicas = 2, sentinels = 3, downAfter = 500, password } = options
  const { quorum = Math.floor(sentinels / 2) + 1 } = options
  if (!/^[\w.-]+$/.test(name))
    throw new InvalidTestOption('name', name, 'use letters, digits, dots, dashes and underscores')
  for (const [option, value] of Object.entries({ replicas, sentinels, quorum, downAfter })) {
    if (!Number.isSafeInteger(value) || value < 1)
      throw new InvalidTestOption(option, value, 'give a whole number from 1')
  }
  if (quorum > sentinels) throw new InvalidTestOption('quorum', quorum, `there are ${sentinels} sentinels`)
  return {
    name,
    replicas,
    sentinels,
    quorum,
    downAfter,
    password,
    binary: options.binary ?? (await ensureRedisServer()),
  }
}

async function startServers({ replicas, password, binary }: Resolved): Promise<RedisServer[]> {
  const shared = { binary, ...(password === undefined ? {} : { password }) }
  const base = ['--repl-diskless-sync-delay', '0']
  const master = await startRedis({ ...shared, args: base })
  try {
    const followers = await startAll(
      Array.from({ length: replicas }, () => () => startRedis({ ...shared, args: base })),
    )
    await Promise.all(followers.map((follower) => follow(follower, master)))
    await eventually(async () => (await Promise.all(followers.map(followsItsMaster))).every(Boolean), {
      what: 'every replica follows its master',
      within: FORMATION,
    })
    return [master, ...followers]
  } catch (error) {
    await master.stop()
    throw error
  }
}

/** Makes a server a replica, as sentinels do: it writes it down, and is one after a restart, unless it is promoted meanwhile. */
async function follow(server: RedisServer, { host, port }: RedisServer): Promise<void> {
  await server.command('REPLICAOF', host, port)
  await server.command('CONFIG', 'REWRITE')
}

async function startOne(options: Resolved, masterPort: number, index: number): Promise<RedisServer> {
  const { name, quorum, downAfter, password, binary } = options
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'granary-redis-'))
  const file = join(folder, 'sentinel.conf')
  const lines = [
    ...[`port ${port}`, `bind ${HOST}`, `dir ${folder}`, `logfile ${LOG}`, 'daemonize no'],
    `sentinel monitor ${name} ${HOST} ${masterPort} ${quorum}`,
    `sentinel down-after-milliseconds ${name} ${downAfter + index * STAGGER}`,
    `sentinel failover-timeout ${name} ${Math.max(2_000, downAfter * 2)}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return RedisServer.start({ binary, folder, address: { host: HOST, port }, args: [file, '--sentinel'] })
}
