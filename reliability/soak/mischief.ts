import type { FaultPlan, FaultProxy, RedisServer } from '@granary/testing'

/** Where faults happen. */
export interface Scene {
  readonly redis: RedisServer
  readonly proxy: FaultProxy
}

/** One short fault: begins, and resolves to what ends it. */
export interface Mischief {
  readonly name: string
  readonly begin: (scene: Scene) => Promise<() => Promise<unknown>>
}

function onTheWire(name: string, plan: FaultPlan): Mischief {
  return {
    name,
    begin: async ({ proxy }) => {
      const fault = await proxy.inject(plan)
      return () => fault.lift()
    },
  }
}

/** What the soak does in turn. Each leaves the server as it was. */
export const MISCHIEF: readonly Mischief[] = [
  onTheWire('reset', { kind: 'reset' }),
  onTheWire('hang', { kind: 'hang' }),
  onTheWire('slow', { kind: 'delay', ms: 120, jitter: 60 }),
  onTheWire('refused', { kind: 'refuse' }),
  onTheWire('cut', { kind: 'cut', afterBytes: 3_000 }),
  onTheWire('garbage', { kind: 'corrupt', share: 0.005, direction: 'down' }),
  {
    name: 'pause',
    begin: async ({ redis }) => {
      await redis.pause()
      return () => redis.resume()
    },
  },
  {
    name: 'kill',
    begin: async ({ redis }) => {
      await redis.kill()
      return () => redis.restart()
    },
  },
  {
    name: 'full',
    begin: async ({ redis }) => {
      await redis.config.set('maxmemory', 1)
      return () => redis.config.set('maxmemory', 0)
    },
  },
  {
    name: 'flush',
    begin: async ({ redis }) => {
      await redis.command('FLUSHALL')
      return () => redis.command('SCRIPT', 'FLUSH')
    },
  },
]
