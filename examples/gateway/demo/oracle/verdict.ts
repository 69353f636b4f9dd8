import { type Finding, intersect, type Span } from './timeline.ts'

/** What the oracle says of one answer. */
export type Verdict =
  /** Milliseconds since it ceased to be true: by a change that was delivered, and by one that waited for Redis. */
  | { readonly kind: 'right'; readonly staleness: number; readonly queuedStaleness: number }
  | { readonly kind: 'stale' | 'wrong'; readonly detail: string }

/** Nothing to object to. */
export const RIGHT: Verdict = { kind: 'right', staleness: 0, queuedStaleness: 0 }

/** An answer that was never true. */
export function wrong(detail: string): Verdict {
  return { kind: 'wrong', detail }
}

/** The verdict on one part of an answer. */
export function verdictOn(part: string, finding: Finding): Verdict {
  if (finding.kind === 'right') {
    const { staleness, queued } = finding
    return { kind: 'right', staleness: queued ? 0 : staleness, queuedStaleness: queued ? staleness : 0 }
  }
  if (finding.kind === 'wrong') return wrong(`${part} was never so`)
  const [age, excess] = [finding.staleness, finding.excess].map((milliseconds) => milliseconds.toFixed(1))
  return { kind: 'stale', detail: `${part} had ceased to be so ${age} ms before, ${excess} ms more than allowed` }
}

/** The verdict on parts that were read one by one: each may be of its own moment. */
export function allOf(verdicts: readonly Verdict[]): Verdict {
  let [staleness, queuedStaleness] = [0, 0]
  for (const verdict of verdicts) {
    if (verdict.kind !== 'right') return verdict
    staleness = Math.max(staleness, verdict.staleness)
    queuedStaleness = Math.max(queuedStaleness, verdict.queuedStaleness)
  }
  return { kind: 'right', staleness, queuedStaleness }
}

/** The verdict on parts that were read in one statement: some moment must have seen them all. */
export function atOneMoment(part: string, findings: readonly Finding[]): Verdict {
  let common: readonly Span[] = [{ from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }]
  for (const finding of findings) {
    if (finding.kind === 'right') common = intersect(common, finding.spans)
  }
  if (common.length === 0) return wrong(`${part}: its parts were never so together`)
  return allOf(findings.map((finding) => verdictOn(part, finding)))
}
