import type { Clock } from '@granary/core'
import type { Subject } from '../application/subject.ts'
import type { RedisWay } from '../real/servers/servers.ts'
import type { Mode } from '../schedule/modes.ts'

/** Where a cache of one process lives. */
export interface Home {
  readonly namespace: string
  readonly mode: Mode
  readonly host: string
  readonly port: number
  /** The same, for libraries that know clusters and sentinels. */
  readonly redis: RedisWay
  readonly clock: Clock
}

/** Makes the cache of one process. */
export type OpenSubject = (home: Home) => Promise<Subject>
