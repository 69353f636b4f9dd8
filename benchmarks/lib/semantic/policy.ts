import type { Judge } from '@granary/semantic'
import { replay, type Stream, seeded } from './replay.ts'

/** A way to decide, to be tried on several orders of the same queries. */
export interface Policy {
  readonly name: string
  /** A judge that has learned nothing yet. */
  readonly judge: () => Judge
  readonly keepsEquals?: boolean
}

/** Means over all orders. */
export interface Summary {
  readonly name: string
  readonly hits: number
  readonly wrong: number
  readonly steady: number
  readonly steadyWrong: number
  /** In how many orders wrong answers per hit stayed within the limit. */
  readonly kept: number
}

/** Sends every stream through a fresh judge. */
export function summarized(
  { name, judge, keepsEquals = true }: Policy,
  streams: readonly Stream[],
  limit: number,
): Summary {
  const outcomes = streams.map((stream, number) => replay(stream, judge(), seeded(number + 1), { keepsEquals }))
  const sum = (figure: (outcome: (typeof outcomes)[number]) => number) =>
    outcomes.reduce((total, outcome) => total + figure(outcome), 0)
  const share = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
  process.stderr.write(`${name}: done\n`)
  return {
    name,
    hits: share(
      sum(({ hits }) => hits),
      sum(({ requests }) => requests),
    ),
    wrong: share(
      sum(({ wrong }) => wrong),
      sum(({ hits }) => hits),
    ),
    steady: share(
      sum(({ lastHits }) => lastHits),
      sum(({ lastRequests }) => lastRequests),
    ),
    steadyWrong: share(
      sum(({ lastWrong }) => lastWrong),
      sum(({ lastHits }) => lastHits),
    ),
    kept: outcomes.filter(({ wrong, hits }) => wrong <= limit * hits).length,
  }
}
