import type { Place } from '../../simulation/network.ts'
import type { Skew } from '../../simulation/process-clock.ts'
import type { Damage, Role } from '../../simulation/socket.ts'
import type { Mode } from './modes.ts'

/** How servers are arranged: one, a cluster, or a master and replicas that sentinels watch. */
export type Topology = 'single' | 'cluster' | 'sentinel'

/** The names that the simulated application caches; what sets them apart stands in `application.ts`. */
export type EntryName = 'row' | 'brief' | 'soft' | 'strict' | 'large' | 'owned' | 'ledger'

/** How a load goes: it waits, looks at the database, waits again, and returns what it saw or fails. */
export interface LoadPlan {
  readonly before: number
  readonly after: number
  readonly fails: boolean
}

/** What an invalidation names. */
export type Reach = 'key' | 'row' | 'group' | 'name' | 'namespace'

/** One entry, and the process that acts on it. */
export interface At {
  readonly process: number
  readonly name: EntryName
  readonly row: number
  /** The visitor whose request this is: what it has written or seen anywhere, it sees from then on everywhere. */
  readonly visitor?: number
}

/** What the application or the world does. */
export type Action =
  | (At & { readonly kind: 'read' | 'refresh'; readonly load: LoadPlan })
  | (At & { readonly kind: 'peek' | 'get' })
  | {
      readonly kind: 'batch'
      readonly process: number
      readonly name: EntryName
      readonly rows: readonly number[]
      readonly load: LoadPlan
      readonly visitor?: number
    }
  /** The row changes; `gap` milliseconds later it is invalidated. */
  | (At & { readonly kind: 'write'; readonly reach: Reach; readonly gap: number })
  | (At & { readonly kind: 'put'; readonly load: LoadPlan })
  | (At & { readonly kind: 'set' })
  | (Place & { readonly kind: 'delay'; readonly for: number; readonly delay: number })
  | (Place & { readonly kind: 'hold'; readonly for: number })
  | { readonly kind: 'cut'; readonly process: number; readonly role: Role; readonly late: number | 'lost' }
  /** The connection breaks between the execution of the next such script and its reply. */
  | { readonly kind: 'cut-after'; readonly process: number; readonly script: string }
  | { readonly kind: 'drop'; readonly process: number; readonly count: number }
  /** The wire of a process changes the number of elements of the next list, or a digit of the next message. */
  | { readonly kind: 'damage'; readonly process: number; readonly what: Damage }
  /** From now on the process looks at its sockets and timers only so often, in milliseconds: it is busy with something else. */
  | { readonly kind: 'busy'; readonly process: number; readonly every: number }
  | { readonly kind: 'pause'; readonly process: number; readonly for: number; readonly timersFirst: boolean }
  /** The machine of a process is suspended: its monotonic clock stands still, its wall clock goes on. */
  | { readonly kind: 'suspend'; readonly process: number; readonly for: number }
  | { readonly kind: 'hang'; readonly for: number }
  | { readonly kind: 'restart'; readonly data: 'empty' | 'old'; readonly down: number }
  | { readonly kind: 'save' }
  /** The replica hears nothing any more. */
  | { readonly kind: 'lag' }
  /** The master dies, and the replica takes over as it is. */
  | { readonly kind: 'promote' }
  /** The master is stopped until a replica has taken over, and goes on so long after that, not knowing of it. */
  | { readonly kind: 'depose'; readonly wakes: number }
  /** A replica takes over from a master that is well. */
  | { readonly kind: 'hand-over' }
  | { readonly kind: 'evict'; readonly what: 'clock' | 'tags' | 'members' | 'frames' | 'everything' }
  | { readonly kind: 'full'; readonly for: number }
  /** Another program changes the row, and deletes the entry from Redis by its key. */
  | { readonly kind: 'foreign'; readonly name: EntryName; readonly row: number }
  /** The slot of an entry goes to another node of the cluster. */
  | { readonly kind: 'move-slot'; readonly name: EntryName; readonly row: number }
  | { readonly kind: 'forget-scripts' }
  | { readonly kind: 'crash'; readonly process: number }

/** An action and when it happens, in milliseconds. */
export interface Step {
  readonly at: number
  readonly action: Action
}

/** Everything that decides how a run goes. */
export interface Schedule {
  readonly seed: number
  readonly mode: Mode
  readonly processes: readonly Skew[]
  readonly steps: readonly Step[]
}

const APPLICATION: ReadonlySet<Action['kind']> = new Set([
  'read',
  'refresh',
  'peek',
  'get',
  'batch',
  'write',
  'put',
  'set',
])

/** What the application does, as opposed to the world. */
export type ApplicationAction = Extract<
  Action,
  { kind: 'read' | 'refresh' | 'peek' | 'get' | 'batch' | 'write' | 'put' | 'set' }
>

/** Whether the application does it. */
export function isApplication(action: Action): action is ApplicationAction {
  return APPLICATION.has(action.kind)
}

/** Whether nothing goes wrong in a schedule but loads. */
export function isCalm({ steps }: Pick<Schedule, 'steps'>): boolean {
  return steps.every(({ action }) => isApplication(action))
}

/** When the last step happens. */
export function endOf({ steps }: Schedule): number {
  return steps.reduce((end, { at }) => Math.max(end, at), 0)
}

/** One line of a printed schedule. */
export function describeStep({ at, action }: Step): string {
  const { kind, ...rest } = action
  const place = 'process' in rest && rest.process !== undefined ? `P${rest.process} ` : ''
  return `${at.toFixed(1).padStart(8)} ms  ${place}${kind} ${describe({ ...rest, process: undefined })}`
}

function describe(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${format(value)}`)
    .join(' ')
}

function format(value: unknown): string {
  if (typeof value === 'number') return String(Math.round(value * 10) / 10)
  if (Array.isArray(value)) return `[${value.map(format).join(' ')}]`
  return typeof value === 'object' && value !== null ? `{${describe(value as Record<string, unknown>)}}` : String(value)
}
