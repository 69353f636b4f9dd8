import { startSentinel } from '@granary/testing'
import type { Fault, Playground } from './fault.ts'

/** A master that dies under three sentinels' eyes; its replica is promoted. */
export const FAILOVER: Fault = {
  name: 'failover',
  playground: startGroup,
}

async function startGroup(): Promise<Playground> {
  const group = await startSentinel({ replicas: 1, sentinels: 1, quorum: 1, downAfter: 500 })
  const master = await group.master()
  return {
    namespace: 'failover',
    client: { sentinels: group.addresses, name: group.name },
    begin: async () => {
      await master.kill()
      return () => group.settled()
    },
    stop: () => group.stop(),
  }
}
