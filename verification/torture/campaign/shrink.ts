import type { Outcome } from '../history/outcome.ts'
import type { ViolationKind } from '../history/violation.ts'
import type { Schedule, Step } from '../schedule/schedule.ts'
import type { World } from './world.ts'

/** A schedule that breaks a promise, and what it broke. */
export interface Finding {
  readonly schedule: Schedule
  readonly outcome: Outcome
}

/**
 * The smallest schedule that still breaks the same promise: leaves out steps, first many and then one at a time, as long as
 * it does (delta debugging, Zeller and Hildebrandt, TSE 28(2), 2002). In a real world a schedule that breaks a promise does
 * not always do so: what is left is one that was seen to.
 */
export async function shrink(found: Finding, world: World): Promise<Finding> {
  const kind = found.outcome.violations[0]?.kind
  let best = found
  let left = world.patience.attempts
  const until = performance.now() + world.patience.ms
  const attempt = async (steps: readonly Step[]): Promise<boolean> => {
    left = performance.now() > until ? 0 : left - 1
    const schedule = { ...best.schedule, steps }
    const outcome = await firstBreaking(world, schedule, kind)
    if (outcome === undefined) return false
    best = { schedule, outcome }
    return true
  }
  for (
    let chunk = Math.ceil(best.schedule.steps.length / 2);
    chunk >= 1 && left > 0;
    chunk = chunk === 1 ? 0 : Math.ceil(chunk / 2)
  ) {
    for (let at = 0; at < best.schedule.steps.length && left > 0; ) {
      const { steps } = best.schedule
      if (!(await attempt([...steps.slice(0, at), ...steps.slice(at + chunk)]))) at += chunk
    }
  }
  return best
}

/** Runs a schedule as often as its world needs, at the same time; what broke the promise, if one run did. */
async function firstBreaking(
  world: World,
  schedule: Schedule,
  kind: ViolationKind | undefined,
): Promise<Outcome | undefined> {
  const outcomes = await Promise.all(Array.from({ length: world.tries }, () => world.run(schedule)))
  return outcomes.find(({ violations }) => violations.some((violation) => violation.kind === kind))
}
