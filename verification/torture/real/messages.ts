import type { Skew } from '../../simulation/process-clock.ts'
import type { Entry, Record } from '../history/record.ts'
import type { Mode } from '../schedule/modes.ts'
import type { Step } from '../schedule/schedule.ts'
import type { RedisWay } from './servers/servers.ts'

/** How a process of the application is set up for one schedule. */
export interface Opening {
  readonly label: string
  readonly library: string
  readonly mode: Mode
  readonly namespace: string
  /** Where its Redis is: behind a proxy of its own. */
  readonly port: number
  /** The same, as it is told to a cache that knows clusters and sentinels. */
  readonly redis: RedisWay
  /** Where the database is, which nothing disturbs. */
  readonly databasePort: number
  readonly skew: Skew
  /** The beginning of the schedule, in shared milliseconds. */
  readonly startsAt: number
  /** What it has to do. */
  readonly steps: readonly Step[]
}

/** What the director tells a worker. Each order is answered once it is carried out. */
export type Order =
  | ({ readonly kind: 'open' } & Opening)
  /** Wait until nothing runs any more, but not for ever. */
  | { readonly kind: 'settle'; readonly within: number }
  /** Ask for every entry. */
  | { readonly kind: 'look'; readonly entries: readonly Entry[] }
  | { readonly kind: 'close'; readonly within: number }

/** What a worker tells the director. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'wrote'; readonly records: readonly Record[] }
  | { readonly kind: 'done'; readonly order: number; readonly error?: string }
