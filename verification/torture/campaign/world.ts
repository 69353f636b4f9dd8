import type { Outcome } from '../history/outcome.ts'
import type { Focus } from '../schedule/generate.ts'
import type { Schedule } from '../schedule/schedule.ts'

/** Where schedules are run: simulated, or real. */
export interface World {
  /** How many schedules may run at the same time. */
  readonly parallel: number
  /** What the schedules of this world are about. */
  readonly focus: Focus
  /** What shrinking a finding may cost: so many attempts, begun within so many milliseconds. */
  readonly patience: { readonly attempts: number; readonly ms: number }
  /** Runs that say whether a schedule breaks a promise: 1 where the same schedule always gives the same run. */
  readonly tries: number
  run(schedule: Schedule): Promise<Outcome>
  stop(): Promise<void>
}
