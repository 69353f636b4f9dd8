import type { CreateCache } from './application/granary.ts'
import { Coverage } from './history/coverage.ts'
import type { ViolationKind } from './history/violation.ts'
import { generate } from './schedule/generate.ts'
import { type Finding, shrink } from './shrink.ts'
import { runSchedule } from './simulated/run.ts'

/** What many schedules showed. */
export interface Summary {
  readonly schedules: number
  readonly reads: number
  /** Schedules that broke a promise, by the promise. */
  readonly violations: ReadonlyMap<ViolationKind, number>
  readonly coverage: Coverage
  /** The first finding of each kind, as small as it gets. */
  readonly findings: readonly { readonly finding: Finding; readonly shrunkFrom: number }[]
}

/** Which schedules to run. */
export interface SimulationPlan {
  readonly schedules: number
  readonly seed: number
  readonly create: CreateCache
  /** Told from time to time how far it is. */
  readonly onProgress?: (done: number) => void
}

/** Runs the schedules of consecutive seeds in the simulated world. */
export async function simulate({ schedules, seed, create, onProgress }: SimulationPlan): Promise<Summary> {
  const coverage = new Coverage()
  const violations = new Map<ViolationKind, number>()
  const findings: { finding: Finding; shrunkFrom: number }[] = []
  let reads = 0
  for (let at = 0; at < schedules; at++) {
    const schedule = generate(seed + at)
    const outcome = await runSchedule(schedule, create)
    reads += outcome.reads
    coverage.add(outcome.coverage)
    for (const kind of new Set(outcome.violations.map((violation) => violation.kind))) {
      const before = violations.get(kind) ?? 0
      violations.set(kind, before + 1)
      if (before === 0)
        findings.push({
          finding: await shrink(
            { schedule, outcome: { ...outcome, violations: outcome.violations.filter((each) => each.kind === kind) } },
            create,
          ),
          shrunkFrom: schedule.steps.length,
        })
    }
    if ((at + 1) % 1_000 === 0) onProgress?.(at + 1)
  }
  return { schedules, reads, violations, coverage, findings }
}
