import type { CreateCache } from './application/granary.ts'
import type { Outcome } from './history/outcome.ts'
import type { Schedule, Step } from './schedule/schedule.ts'
import { runSchedule } from './simulated/run.ts'

/** A schedule that breaks a promise, and what it broke. */
export interface Finding {
  readonly schedule: Schedule
  readonly outcome: Outcome
}

/** Runs that shrinking may cost. */
const PATIENCE = 400

/**
 * The smallest schedule that still breaks the same promise: leaves out steps, first many and then one at a time, as long as
 * it does (delta debugging, Zeller and Hildebrandt, TSE 28(2), 2002).
 */
export async function shrink(found: Finding, create: CreateCache): Promise<Finding> {
  const kind = found.outcome.violations[0]?.kind
  let best = found
  let runs = 0
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    runs += 1
    const schedule = { ...best.schedule, steps }
    const outcome = await runSchedule(schedule, create)
    if (!outcome.violations.some((violation) => violation.kind === kind)) return false
    best = { schedule, outcome }
    return true
  }
  for (
    let chunk = Math.ceil(best.schedule.steps.length / 2);
    chunk >= 1 && runs < PATIENCE;
    chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)
  ) {
    for (let at = 0; at < best.schedule.steps.length && runs < PATIENCE; ) {
      const { steps } = best.schedule
      if (!(await attempt([...steps.slice(0, at), ...steps.slice(at + chunk)]))) at += chunk
    }
  }
  return best
}
