import { hitRate, type LayerCounts } from '../fleet/stats.ts'
import type { Latency } from './latency.ts'
import type { PhaseReport } from './phase.ts'

const LAYERS: readonly (readonly [layer: string, label: string])[] = [
  ['auth', 'Authentication'],
  ['db', 'Database queries'],
  ['models', 'Model catalog'],
]

/** The tables of one comparison: the same traffic without and with the cache. */
export function comparison(title: string, before: PhaseReport, after: PhaseReport): string {
  return [
    title,
    table([
      ['', 'Before', 'After', 'Improvement'],
      timeRow('Authentication, average', before.authentication.average, after.authentication.average),
      timeRow('Model catalog endpoint, average', before.catalog.average, after.catalog.average),
      timeRow('Overall API latency, average', before.overall.average, after.overall.average),
      ['Database load, queries per request', ...loadCells(before, after)],
      timeRow('Gateway processor time per request', before.cpuPerRequest, after.cpuPerRequest),
      ['Throughput, requests per second', ...throughputCells(before, after)],
    ]),
    table([
      ['', 'average', 'p50', 'p95', 'p99'],
      ...latencyRows('Authentication', before.authentication, after.authentication),
      ...latencyRows('Model catalog', before.catalog, after.catalog),
      ...latencyRows('Whole API', before.overall, after.overall),
    ]),
    hitRates(after),
  ].join('\n\n')
}

/** Hits by layer, as callers of the cached methods saw them. */
function hitRates(after: PhaseReport): string {
  const rows = LAYERS.map(([layer, label]) => layerRow(label, after.layers[layer]))
  return table([['', 'hit rate', 'calls', 'from memory', 'from Redis', 'loaded'], ...rows, layerRow('All', after.all)])
}

function layerRow(label: string, counts: LayerCounts | undefined): string[] {
  if (counts === undefined) return [label, '-', '0', '0', '0', '0']
  const { hits, hitsL1, hitsL2, misses } = counts
  return [label, percent(hitRate(counts)), ...[hits + misses, hitsL1, hitsL2, misses].map(whole)]
}

function timeRow(label: string, before: number, after: number): string[] {
  return [label, time(before), time(after), improvement(before, after)]
}

function latencyRows(label: string, before: Latency, after: Latency): string[][] {
  const cells = ({ average, p50, p95, p99 }: Latency) => [average, p50, p95, p99].map(time)
  return [
    [`${label}, before`, ...cells(before)],
    [`${label}, after`, ...cells(after)],
  ]
}

function loadCells(before: PhaseReport, after: PhaseReport): string[] {
  const [from, to] = [before.queriesPerRequest, after.queriesPerRequest]
  return [from.toFixed(2), to.toFixed(2), improvement(from, to)]
}

function throughputCells(before: PhaseReport, after: PhaseReport): string[] {
  const [from, to] = [before.requestsPerSecond, after.requestsPerSecond]
  return [whole(from), whole(to), from === 0 ? '-' : `x ${(to / from).toFixed(1)}`]
}

function improvement(before: number, after: number): string {
  if (before === 0) return '-'
  const share = 1 - after / before
  return share < 0 ? `${percent(-share)} more` : `${percent(share)} less`
}

/** A share as percent with one decimal. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)}%`
}

/** Milliseconds, with as many digits as matter. */
export function time(milliseconds: number): string {
  if (milliseconds >= 100) return `${milliseconds.toFixed(0)} ms`
  if (milliseconds >= 1) return `${milliseconds.toFixed(1)} ms`
  return `${(milliseconds * 1_000).toFixed(0)} us`
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Rows in columns: the first to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n')
}
