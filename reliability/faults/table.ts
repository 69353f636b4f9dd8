import type { PeerRow } from './comparison.ts'
import type { Row } from './row.ts'

/** How the cells of a table are put into text; the first row names the columns. */
export type Layout = (rows: readonly (readonly string[])[]) => string

/** Aligned columns, for a terminal. */
export const aligned: Layout = (rows) => {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)
  return rows.map((row) => row.map(pad).join('  ')).join('\n')
}

/** A Markdown table, for a page. */
export const markdown: Layout = ([head = [], ...rows]) => {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')))
  return [line(head), rule, ...rows.map(line)].join('\n')
}

/** The faults as a table for people. */
export function faultTable(rows: readonly Row[], layout: Layout = aligned): string {
  const head = [
    'fault',
    'calls',
    'errors',
    'stale',
    'lost',
    'added p50',
    'p99',
    'max',
    'away p50',
    'p99',
    'machine p99',
    'noticed',
    'recovery',
    '',
  ]
  return layout([head, ...rows.map(line)])
}

/** The comparison as a table for people. */
export function peerTable(rows: readonly PeerRow[], layout: Layout = aligned): string {
  const head = ['fault', 'library', 'calls', 'errors', 'unsettled', 'added p50', 'p99', 'max', 'recovery']
  const lines = rows.map((row) => [
    row.fault,
    row.library,
    ...[row.calls, row.errorsSeen, row.unsettled].map(String),
    ...[row.added.p50, row.added.p99, row.added.max].map(milliseconds),
    row.recovery === undefined ? 'never' : milliseconds(row.recovery),
  ])
  return layout([head, ...lines])
}

function line(row: Row): string[] {
  const { added, addedWhileAway, addedByMachine } = row
  return [
    row.fault,
    ...[row.calls, row.errorsSeen, row.staleReads, row.lostInvalidations].map(String),
    ...[added.p50, added.p99, added.max].map(milliseconds),
    ...(addedWhileAway.count === 0 ? ['-', '-'] : [addedWhileAway.p50, addedWhileAway.p99].map(milliseconds)),
    milliseconds(addedByMachine.p99),
    row.noticedAfter === undefined ? '-' : milliseconds(row.noticedAfter),
    recoveryOf(row),
    row.ok ? '' : 'VIOLATED',
  ]
}

function recoveryOf({ recovery }: Row): string {
  if (recovery === null) return 'new config'
  return recovery === undefined ? 'never' : milliseconds(recovery)
}

function milliseconds(value: number): string {
  return value < 10 ? value.toFixed(2) : String(Math.round(value))
}
