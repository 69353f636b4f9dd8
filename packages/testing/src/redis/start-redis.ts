import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureRedisServer } from '../../bin/redis-binary.mjs'
import { InvalidTestOption } from '../errors.ts'
import { freePort } from './free-port.ts'
import { LOG, type RedisProcessPlan } from './redis-process.ts'
import { RedisServer } from './redis-server.ts'

/** How to start a Redis server for tests. */
export interface StartRedisOptions {
  /** The port to listen on; default: a random free one from 15000 to 31999. */
  readonly port?: number
  /** More arguments for the program, as in `['--maxmemory-policy', 'allkeys-lru']`. */
  readonly args?: readonly string[]
  /** Whether data is saved (RDB) when the server is stopped and is there again after `restart()`; default false. */
  readonly persist?: boolean
  /** The password that clients must give; default: none. */
  readonly password?: string
  /** The memory limit, as Redis writes it (`'2mb'`) or in bytes; default: none. */
  readonly maxmemory?: string | number
  /** The server program; default: the first `redis-server` or `valkey-server` in PATH, installed when root on Debian or Ubuntu. */
  readonly binary?: string
}

/** The file that `CONFIG REWRITE` writes: what a server is told while it runs, it knows after a restart. */
const WRITTEN = 'redis.conf'
const HOST = '127.0.0.1'
const PORT_ATTEMPTS = 5

/**
 * Starts a real Redis server on a free loopback port and resolves when it answers. It keeps nothing on disk unless told to,
 * and ends with this process, however that ends. Start as many as you like.
 *
 * ```ts
 * const redis = await startRedis()
 * afterAll(() => redis.stop())
 *
 * await redis.command('SET', 'greeting', 'hello')
 * await redis.pause() // what does the code under test do when Redis hangs?
 * ```
 *
 * @throws `RedisServerMissing` when there is no server program and it cannot be installed
 * @throws {@link TestingError} with code `REDIS_START_FAILED` and the server's last log lines
 */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const binary = options.binary ?? (await ensureRedisServer())
  const fixed = options.port
  if (fixed !== undefined && !(Number.isInteger(fixed) && fixed > 0 && fixed < 65_536)) {
    throw new InvalidTestOption('port', fixed, 'give a whole number from 1 to 65535, or leave it out')
  }
  for (let attempt = 1; ; attempt++) {
    const plan = planOf(options, binary, fixed ?? (await freePort()))
    try {
      return await RedisServer.start(plan)
    } catch (error) {
      // Another process may have taken the port between the look and the start.
      if (fixed !== undefined || attempt === PORT_ATTEMPTS || !/address already in use/i.test(String(error)))
        throw error
    }
  }
}

function planOf(options: StartRedisOptions, binary: string, port: number): RedisProcessPlan {
  const { persist = false, password, maxmemory, args = [] } = options
  const folder = mkdtempSync(join(tmpdir(), 'granary-redis-'))
  writeFileSync(join(folder, WRITTEN), '')
  const save = persist ? ['--save', '3600 1'] : ['--save', '']
  return {
    binary,
    folder,
    address: { host: HOST, port, password },
    args: [
      WRITTEN,
      ...['--port', String(port), '--bind', HOST, '--appendonly', 'no', ...save],
      ...['--dir', folder, '--logfile', LOG, '--daemonize', 'no'],
      ...(password === undefined ? [] : ['--requirepass', password, '--masterauth', password]),
      ...(maxmemory === undefined ? [] : ['--maxmemory', String(maxmemory)]),
      ...args,
    ],
  }
}
