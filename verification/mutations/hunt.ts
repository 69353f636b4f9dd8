import type { createCache } from '@granary/core'
import type { ViolationKind } from '../torture/history/violation.ts'
import type { Fault } from '../torture/schedule/faults.ts'
import { generate } from '../torture/schedule/generate.ts'
import type { Mode } from '../torture/schedule/modes.ts'
import type { Schedule } from '../torture/schedule/schedule.ts'
import { runSchedule } from '../torture/simulated/run.ts'

/** How a broken engine was caught. */
export interface Catch {
  readonly kind: ViolationKind
  /** What showed it. */
  readonly schedule: Schedule
  readonly schedules: number
}

/** Where to look. */
export interface HuntPlan {
  /** Faults under which it shows; empty: in calm weather. Every fourth schedule is drawn from all. */
  readonly faults: readonly Fault[]
  readonly mode?: Mode | undefined
  readonly schedules: number
  readonly seed?: number
}

/** Runs schedules under the given faults until the engine breaks a promise; undefined when it never does. */
export async function hunt(
  create: typeof createCache,
  { faults, mode, schedules, seed = 1 }: HuntPlan,
): Promise<Catch | undefined> {
  for (let at = 0; at < schedules; at++) {
    const fault = at % 4 === 3 ? undefined : faults.length === 0 ? 'nothing' : faults[at % faults.length]
    const schedule = generate(seed + at, { fault, mode })
    const { violations } = await runSchedule(schedule, create)
    const first = violations[0]
    if (first !== undefined) return { kind: first.kind, schedule, schedules: at + 1 }
  }
  return undefined
}
