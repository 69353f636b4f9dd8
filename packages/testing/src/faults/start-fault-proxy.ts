import { InvalidTestOption } from '../errors.ts'
import { freePort } from '../redis/free-port.ts'
import type { ClockLike } from '../time/manual-clock.ts'
import { realClock } from '../time/real-clock.ts'
import { FaultProxy } from './fault-proxy.ts'
import type { ProxyTarget } from './proxied-pair.ts'

/** What a fault proxy stands in front of. */
export interface FaultProxyOptions {
  /** The server to pass bytes to; a started {@link RedisServer} fits. Asked anew for each connection, so it may move. */
  readonly target: ProxyTarget
  /** The port to listen on; default: a random free one from 15000 to 31999. */
  readonly port?: number
  /** The seed of jitter and corruption, a whole number; default 1. */
  readonly seed?: number
  /** What delays, throttles and moments are measured with; default: real time. */
  readonly clock?: ClockLike
}

const PORT_ATTEMPTS = 5

/**
 * Starts a {@link FaultProxy} on loopback and resolves when it listens.
 *
 * ```ts
 * const redis = await startRedis()
 * const proxy = await startFaultProxy({ target: redis })
 * const cache = createCache({ redis: proxy.url })
 *
 * await proxy.inject({ kind: 'delay', ms: 100, direction: 'down', until: { replies: 5 } })
 * await proxy.inject({ kind: 'cut', afterBytes: 7, after: { commands: 10 } })
 * const silence = await proxy.inject({ kind: 'hang', connections: (connection) => connection.sent('SUBSCRIBE') })
 * await silence.lift()
 *
 * proxy.forget()
 * await service.userById(7)
 * expect(proxy.roundTrips()).toBe(1)
 * ```
 *
 * @throws {@link InvalidTestOption} for options that cannot be used
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { target, seed = 1, clock = realClock } = options
  if (!Number.isSafeInteger(seed)) throw new InvalidTestOption('seed', seed, 'give a whole number')
  const setting = { target, seed, clock }
  for (let attempt = 1; ; attempt++) {
    const address = { host: '127.0.0.1', port: options.port ?? (await freePort()) }
    try {
      return await FaultProxy.start({ ...setting, address })
    } catch (error) {
      // Another process may have taken the port between the look and the start.
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
      if (options.port !== undefined || attempt === PORT_ATTEMPTS || !isTaken) throw error
    }
  }
}
