import type { CalibrateArguments } from './arguments.ts'
import type { Rehearsal } from './rehearsal.ts'
import type { Sweep, SweepPoint } from './sweep.ts'

const percent = (share: number) => `${(100 * share).toFixed(1)} %`

/** The sweep as a table for people. */
export function table({ points }: Sweep): string {
  const head = ['threshold', 'hits', 'precision', 'recall', 'wrong per hit', 'at most']
  const rows = points.map(({ threshold, hits, precision, recall, bound }) => [
    threshold.toFixed(2),
    String(hits),
    percent(precision),
    percent(recall),
    percent(1 - precision),
    percent(bound),
  ])
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)))
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
    .join('\n')
}

/** What to do with it, in words. */
export function advice(
  { recommended, hopeful }: Sweep,
  options: Pick<CalibrateArguments, 'maxWrongPerHit' | 'confidence'>,
  rehearsal: Rehearsal | undefined,
): string {
  const wanted = `at most ${percent(options.maxWrongPerHit)} wrong per hit`
  const lines = [recommended === undefined ? none(wanted, hopeful) : found(recommended, wanted, options.confidence)]
  if (rehearsal !== undefined) {
    const { hits, wrong, report } = rehearsal
    lines.push(
      `match: { maxWrongPerHit: ${options.maxWrongPerHit} } would have served ${hits} requests of this log, ${wrong} of them wrongly.`,
      report?.threshold === undefined ? `It was still learning at the end: ${report?.labels ?? 0} labels.` : '',
    )
  } else {
    lines.push('A judge that learns needs a log (--log): it also weighs how near other answers are.')
  }
  return `${lines.filter((line) => line !== '').join('\n')}\n`
}

function found({ threshold, precision, recall, bound, hits }: SweepPoint, wanted: string, confidence: number): string {
  return (
    `For ${wanted}: match: { threshold: ${(Math.ceil(threshold * 1_000) / 1_000).toFixed(3)} }\n` +
    `It rests on ${hits} hits with ${percent(1 - precision)} wrong (at most ${percent(bound)}, ${percent(confidence)} sure) and finds ${percent(recall)} of the pairs that mean the same.`
  )
}

function none(wanted: string, hopeful: SweepPoint | undefined): string {
  const hope =
    hopeful === undefined
      ? 'No similarity separates these texts so well: fixed thresholds will not do here.'
      : `${hopeful.threshold.toFixed(3)} kept to it by luck or by right (${hopeful.hits} hits): more labels would tell.`
  return `For ${wanted} these labels prove no threshold. ${hope}`
}
