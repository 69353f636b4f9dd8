import type { Entry, LeftOver, Tier } from '../history/record.ts'
import type { EntryName, Reach } from '../schedule/schedule.ts'
import type { Row } from './entries.ts'

/** How the application asks for an entry. `get` and `peek` load nothing; `peek` looks in memory only. */
export type Asking = 'read' | 'refresh' | 'get' | 'peek'

/** An answer of a cache, and what it tells about where it came from. */
export interface Answer {
  readonly value: Row | undefined
  readonly tier: Tier | undefined
  /** Whether memory, or a load that ran already, may have answered. */
  readonly mayLag: boolean
}

/** Loads a row from the database. */
export type Load = (row: number) => Promise<Row>

/** Whether what was invalidated is in force everywhere. */
export interface Delivery {
  readonly delivered: boolean
}

/** The cache of one process, whatever library it is: what is tortured. */
export interface Subject {
  /** Asks for one entry; undefined: this library has no such way of asking. */
  ask(how: Asking, entry: Entry, load: Load): Promise<Answer | undefined>
  /** Asks for several entries at once. */
  askMany(name: EntryName, rows: readonly number[], load: Load): Promise<readonly Answer[]>
  /** Makes everything that was loaded before forgotten. */
  invalidate(reach: Reach, entry: Entry): Promise<Delivery>
  /** Writes through: `write` changes the row and returns it. */
  put(entry: Entry, write: () => Promise<Row>): Promise<Delivery>
  /** Stores what the caller knows to be current. */
  set(entry: Entry, value: Row): Promise<Delivery>
  /**
   * Runs something as somebody who has seen what a bookmark marks; `run` may ask for the bookmark that covers what it did.
   * Libraries that know nothing like it have no such method.
   */
  follow?(bookmark: string | undefined, run: (bookmark: () => string | undefined) => Promise<void>): Promise<void>
  /** Resolves when everything that was queued is in force everywhere. */
  whenDelivered(): Promise<void>
  /** Whether the cache uses Redis now, and what runs inside. */
  inspect(): LeftOver & { readonly connected: boolean; readonly failures: number; readonly reason?: string | undefined }
  close(): Promise<void>
}
