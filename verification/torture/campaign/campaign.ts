import type { Outcome } from '../history/outcome.ts'
import { generate } from '../schedule/generate.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { type Finding, shrink } from './shrink.ts'
import { Tally } from './tally.ts'
import type { World } from './world.ts'

/** Which schedules to run, and where. */
export interface CampaignPlan {
  readonly world: World
  /** The seed of the first; the others follow. */
  readonly seed: number
  readonly schedules: number
  /** Whether findings are made as small as they get. Default: true. */
  readonly shrinks?: boolean
  /** What earlier runs have added up to. */
  readonly tally?: Tally
  /** Told after each schedule. */
  readonly onProgress?: (tally: Tally) => void
}

/** What a campaign found: the first finding of each kind, as small as it got. */
export interface Result {
  readonly tally: Tally
  /** How long the schedules took, shrinking apart, in minutes. */
  readonly minutes: number
  readonly findings: readonly { readonly finding: Finding; readonly shrunkFrom: number }[]
}

/** Runs the schedules of consecutive seeds, as many at a time as the world can. */
export async function runCampaign(plan: CampaignPlan): Promise<Result> {
  const { world, seed, schedules, tally = new Tally(), shrinks = true, onProgress } = plan
  const found: Finding[] = []
  const startedAt = performance.now()
  let next = 0
  const pull = async (): Promise<void> => {
    while (next < schedules) {
      const schedule = generate(seed + next++, world.focus)
      const outcome = await world.run(schedule)
      for (const kind of tally.add(schedule, outcome)) found.push(findingOf(schedule, outcome, kind))
      onProgress?.(tally)
    }
  }
  await Promise.all(Array.from({ length: world.parallel }, pull))
  const minutes = (performance.now() - startedAt) / 60_000
  const findings = []
  for (const finding of found)
    findings.push({
      finding: shrinks ? await shrink(finding, world) : finding,
      shrunkFrom: finding.schedule.steps.length,
    })
  return { tally, minutes, findings }
}

function findingOf(schedule: Schedule, outcome: Outcome, kind: string): Finding {
  return { schedule, outcome: { ...outcome, violations: outcome.violations.filter((each) => each.kind === kind) } }
}
