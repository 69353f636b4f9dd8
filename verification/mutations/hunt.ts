import type { createCache } from '@granary/core'
import type { Fault } from '../torture/faults.ts'
import { generate } from '../torture/generate.ts'
import type { ViolationKind } from '../torture/history.ts'
import { runSchedule } from '../torture/run.ts'

/** How a broken engine was caught. */
export interface Catch {
  readonly kind: ViolationKind
  /** The seed that shows it. */
  readonly seed: number
  readonly schedules: number
}

/** Runs schedules under the given faults until the engine breaks a promise; undefined when it never does. */
export async function hunt(
  create: typeof createCache,
  faults: readonly Fault[],
  schedules: number,
  seed = 1,
): Promise<Catch | undefined> {
  for (let at = 0; at < schedules; at++) {
    const fault = at % 4 === 3 ? undefined : faults.length === 0 ? 'nothing' : faults[at % faults.length]
    const { violations } = await runSchedule(generate(seed + at, fault), create)
    const first = violations[0]
    if (first !== undefined) return { kind: first.kind, seed: seed + at, schedules: at + 1 }
  }
  return undefined
}
