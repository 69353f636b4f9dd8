import type { Clock } from '@granary/core'
import type { Subject } from '../application/subject.ts'
import type { ClusterWay } from '../real/servers.ts'
import type { Mode } from '../schedule/modes.ts'

/** Where a cache of one process lives. */
export interface Home {
  readonly namespace: string
  readonly mode: Mode
  readonly host: string
  readonly port: number
  /** The nodes of a cluster, for libraries that know one. */
  readonly cluster?: ClusterWay
  readonly clock: Clock
}

/** Makes the cache of one process. */
export type OpenSubject = (home: Home) => Promise<Subject>
