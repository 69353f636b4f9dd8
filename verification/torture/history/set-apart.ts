import type { Violation, ViolationKind } from './violation.ts'

/** What a master that was deposed, and does not know it, can make of whoever still talks to it: outside of the promises. */
const OLD_ANSWERS: ReadonlySet<ViolationKind> = new Set([
  'stale-after-invalidate',
  'lost-update',
  'resurrected-tag',
  'stale-at-rest',
])

/** The situation that they are counted as. */
export const SET_APART = 'old answers while a process talked to a deposed master'

/**
 * Parts what was found in broken promises, and what a deposed master explains that a process has talked to since `misledAt`:
 * what it answers is old, and what it is told is lost. Everything before that, and everything else, is a broken promise.
 */
export function setApart(
  violations: readonly Violation[],
  misledAt: number | undefined,
): { readonly broken: readonly Violation[]; readonly apart: readonly Violation[] } {
  const isApart = ({ kind, at }: Violation) => misledAt !== undefined && at >= misledAt && OLD_ANSWERS.has(kind)
  return { broken: violations.filter((each) => !isApart(each)), apart: violations.filter(isApart) }
}
