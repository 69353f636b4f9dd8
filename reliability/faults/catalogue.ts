import { FAILOVER } from './failover.ts'
import type { Fault } from './fault.ts'
import { NETWORK } from './network.ts'
import { SERVER } from './server.ts'
import { STORED } from './stored.ts'
import { TLS_KEY } from './tls.ts'

/** Every fault that is played. */
export const FAULTS: readonly Fault[] = [...NETWORK, TLS_KEY, ...SERVER, FAILOVER, ...STORED]
