import type { FaultPlan } from '@granary/testing'
import type { Fault } from './fault.ts'

function onTheWire(name: string, plan: FaultPlan): Fault {
  return {
    name,
    begin: async ({ proxy }) => {
      const fault = await proxy.inject(plan)
      return () => fault.lift()
    },
  }
}

/** What the way to Redis does. */
export const NETWORK: readonly Fault[] = [
  onTheWire('refused', { kind: 'refuse' }),
  onTheWire('reset', { kind: 'reset' }),
  onTheWire('hang', { kind: 'hang' }),
  onTheWire('replies only hang', { kind: 'hang', direction: 'down' }),
  onTheWire('black hole', { kind: 'black-hole' }),
  onTheWire('slow replies (150 ms)', { kind: 'delay', ms: 150, jitter: 20, direction: 'down' }),
  {
    ...onTheWire('slow replies, slowAfter 20 ms', { kind: 'delay', ms: 150, jitter: 20, direction: 'down' }),
    client: ({ proxy }) => ({ client: proxy.url, slowAfter: '20ms' }),
  },
  onTheWire('slower than the budget', { kind: 'delay', ms: 400, jitter: 100, direction: 'down' }),
  onTheWire('cut mid-reply', { kind: 'cut', afterBytes: 2_000 }),
  onTheWire('protocol garbage', { kind: 'corrupt', share: 0.01, direction: 'down' }),
  { name: 'unknown host', client: () => 'redis://granary.invalid:6379' },
  { name: 'TLS handshake', client: ({ proxy }) => `rediss://${proxy.host}:${proxy.port}` },
]
