import { connect } from 'node:net'
import { findRedisServer, startRedis } from '@granary/testing'

/** The Redis that the fleet shares, or why there is none. */
export interface DemoRedis {
  /** For `REDIS_URL`; undefined when every process is on its own. */
  readonly url: string | undefined
  /** What the demo says about it. */
  readonly description: string
  /** Ends it at once, as a crash would, and brings it back: only for a Redis that the demo started. */
  readonly outage: { begin(): Promise<void>; end(): Promise<void> } | undefined
  stop(): Promise<void>
}

/** Finds the Redis of `REDIS_URL`, or starts one when `redis-server` is installed. */
export async function provideRedis(url: string | undefined, wanted: boolean): Promise<DemoRedis> {
  if (!wanted) return without('no Redis, as asked')
  if (url !== undefined && (await isReachable(url))) {
    return { url, description: 'the Redis of REDIS_URL', outage: undefined, stop: async () => {} }
  }
  if ((await findRedisServer()) === undefined) return without('no Redis: redis-server is not installed')
  const server = await startRedis()
  return {
    url: server.url,
    description: 'a Redis of its own, killed and brought back in the middle',
    outage: { begin: () => server.kill(), end: () => server.restart() },
    stop: () => server.stop(),
  }
}

function without(description: string): DemoRedis {
  return { url: undefined, description, outage: undefined, stop: async () => {} }
}

function isReachable(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port === '' ? 6379 : port), timeout: 1_000 })
    const answer = (reachable: boolean) => {
      socket.destroy()
      resolve(reachable)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('timeout', () => answer(false))
  })
}
