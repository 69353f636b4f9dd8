import { SET_APART } from '../history/set-apart.ts'
import { describeStep } from '../schedule/schedule.ts'
import type { Finding } from './shrink.ts'
import type { Tally } from './tally.ts'

/** A finding in words: the steps that lead to it, and what was seen. */
export function describeFinding({ schedule, outcome }: Finding, shrunkFrom: number): string {
  const clocks = schedule.processes.map(
    ({ zero, rate, wall }, index) =>
      `P${index}: clock from ${zero.toFixed(0)} at rate ${rate.toFixed(5)}, wall off by ${wall.toFixed(0)} ms`,
  )
  return [
    `seed ${schedule.seed} (${schedule.mode}): ${schedule.steps.length} of ${shrunkFrom} steps are enough`,
    ...clocks.map((line) => `  ${line}`),
    ...schedule.steps.map((step) => `  ${describeStep(step)}`),
    ...outcome.violations.slice(0, 5).map(({ kind, at, what }) => `  => ${at.toFixed(1)} ms ${kind}: ${what}`),
  ].join('\n')
}

/** What was counted, a line each: broken promises, and with `verbose` the situations that occurred. */
export function describeTally({ violations, coverage, calm, calmBroken }: Tally, verbose: boolean): string[] {
  const situations = [...coverage.counts].toSorted(([a], [b]) => a.localeCompare(b))
  const apart = coverage.counts.get(SET_APART) ?? 0
  return [
    ...(verbose ? situations.map(([situation, times]) => `${String(times).padStart(8)}  ${situation}`) : []),
    ...[...violations].map(([kind, times]) => `${kind}: ${times} schedules`),
    ...(apart > 0 ? [`outside of the promises, ${SET_APART}: ${apart} schedules`] : []),
    ...(calmBroken > 0
      ? [`of ${calm} schedules in which nothing went wrong but loads, ${calmBroken} broke a promise`]
      : []),
  ]
}
