import type { Policy } from '@granary/core'
import type { Entry } from '../history/record.ts'
import type { EntryName } from '../schedule/schedule.ts'

/** What every entry holds: which row it shows, in which version, and shapes that a codec could lose. */
export interface Row {
  readonly name: EntryName
  readonly row: number
  readonly version: number
  /** When it was loaded or written, in milliseconds of the clock that all processes share. */
  readonly loadedAt: number
  readonly at: Date
  readonly text: string
}

/** How long memory may lag in the torture, in milliseconds. */
export const MAX_STALENESS = 300

/** Rows of one group share a tag. */
export const groupOf = (row: number): number => row % 2

/** The tags of a row. */
export const tagsOf = (row: number): string[] => [`row:${row}`, `group:${groupOf(row)}`]

const tags = (value: Row) => tagsOf(value.row)

/** How a name is cached. */
export type RowPolicy = Policy<readonly [number], Row>

/** Short and long lives, stale windows, strong reads, large values, and values that only their owner writes, by `set`. */
export const POLICIES: Readonly<Record<EntryName, RowPolicy>> = {
  row: { ttl: '30s', tags },
  brief: { ttl: '250ms', staleWhileRevalidate: '300ms', staleIfError: '2s', refreshAhead: 0.6, tags },
  soft: { ttl: '150ms', staleIfError: '3s', softTimeout: '20ms', tags },
  strict: { ttl: '30s', consistency: 'strong', tags },
  large: { ttl: '30s', tags },
  owned: { ttl: '30s', tags },
  ledger: { ttl: '30s', tags },
}

/** How old an answer of `brief` gets, in milliseconds, while its loads do not fail: ttl with jitter, and the stale window. */
export const LONGEST_BRIEF = 250 * 1.1 + 300

/** How long an entry of a name is fresh, in milliseconds, for libraries that know nothing else of a policy. */
export const TTLS: Readonly<Record<EntryName, number>> = {
  row: 30_000,
  brief: 250,
  soft: 150,
  strict: 30_000,
  large: 30_000,
  owned: 30_000,
  ledger: 30_000,
}

/** The names in a fixed order. */
export const NAMES = Object.keys(POLICIES) as EntryName[]

/** Whether a name is written by `set`, which only one process does. */
export const OWNED: readonly EntryName[] = NAMES.filter((name) => name === 'owned' || name === 'ledger')

/** Rows that anybody changes. */
export const ROWS = 3

/** Rows after them that one process each changes, by `set`. */
const OWNED_ROWS = 2

/** Every row there is. */
export const ALL_ROWS: readonly number[] = Array.from({ length: ROWS + OWNED_ROWS }, (_, row) => row)

const LARGE_TEXT = 'x'.repeat(33_000)

/** The value of a row. */
export function rowOf({ name, row }: Entry, version: number, loadedAt: number): Row {
  return {
    name,
    row,
    version,
    loadedAt,
    at: new Date(row * 1_000),
    text: name === 'large' || name === 'ledger' ? LARGE_TEXT : 'a',
  }
}
