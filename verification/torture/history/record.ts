import type { Skew } from '../../simulation/process-clock.ts'
import type { EntryName } from '../schedule/schedule.ts'

/** Which tier a read was answered by. */
export type Tier = 'l1' | 'l2' | 'loader'

/** What invalidated. */
export type Cause = 'key' | 'tag' | 'set' | 'put' | 'foreign'

/** One row under one name. */
export interface Entry {
  readonly name: EntryName
  readonly row: number
}

/** An entry, and the version below which no read may fall any more. */
export interface Promised extends Entry {
  readonly version: number
}

/** What a read was answered with, as far as the checker looks at it. */
interface Seen extends Entry {
  readonly version: number
  /** When it was loaded or written. */
  readonly loadedAt: number
  /** Whether it came back in the shape in which it was stored. */
  readonly whole: boolean
}

/** What is left in a process when nothing runs. */
export interface LeftOver {
  readonly flights: number
  readonly background: number
  readonly puts: number
  readonly queued: number
}

/** One thing that happened. Processes write these down; the checker reads them in the order of time. */
export type Happened =
  /** A process begins; its monotonic clock is told, because lag is measured by it. */
  | { readonly kind: 'born'; readonly skew: Skew }
  /** It was killed, or everything it held was: nobody waits for it any more. */
  | { readonly kind: 'died' }
  /** An operation of the application, from its call to its end. */
  | { readonly kind: 'began'; readonly operation: number; readonly what: string }
  | { readonly kind: 'ended'; readonly operation: number; readonly error: string | undefined }
  /** A visitor's request begins, with what it brought from an earlier one: `process visit`. */
  | { readonly kind: 'came'; readonly visit: number; readonly from: string | undefined }
  /** It ends: what it takes along covers all that it wrote and saw. */
  | { readonly kind: 'went'; readonly visit: number }
  | {
      readonly kind: 'asked'
      readonly call: number
      readonly how: string
      readonly entries: readonly Entry[]
      /** The visitor's request that asks. */
      readonly visit?: number | undefined
    }
  | {
      readonly kind: 'answered'
      readonly call: number
      /** Which of the entries asked for. */
      readonly index: number
      readonly seen: Seen | undefined
      readonly tier: Tier | undefined
      /** Whether memory, or a load that ran already, may have answered: such an answer may lag. */
      readonly mayLag: boolean
    }
  | ({ readonly kind: 'loading' | 'loaded' | 'invalidating' } & Entry)
  /** An invalidation has resolved in its process. */
  | {
      readonly kind: 'held'
      readonly promises: readonly Promised[]
      readonly cause: Cause
      readonly delivered: boolean
      readonly what: string
      /** The visitor's request that invalidated. */
      readonly visit?: number | undefined
    }
  /** It is in force everywhere. */
  | { readonly kind: 'delivered'; readonly promises: readonly Promised[]; readonly cause: Cause }
  | ({ readonly kind: 'left-over' } & LeftOver)
  /** Redis failed a process, or the process itself was slow: what it owes while all is well it does not owe. */
  | { readonly kind: 'disturbed' }
  /** Everything has had time to end: what has not, never will. Stale answers from now on are found at rest. */
  | { readonly kind: 'rested' }
  /** The look at rest is over. */
  | { readonly kind: 'looked' }
  /** All processes have closed their caches. */
  | { readonly kind: 'closed' }

/** When something happened, in milliseconds of a clock that all processes share, and in which process. */
export type Record = Happened & { readonly at: number; readonly process: string }
