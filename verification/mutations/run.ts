import { runSchedule } from '../torture/simulated/run.ts'
import { loadPatched } from './build.ts'
import { type Catch, hunt } from './hunt.ts'
import { MUTATIONS } from './list.ts'
import type { Mutation } from './mutation.ts'
import { SMALL_TABLES } from './patch.ts'
import { passes } from './tested.ts'

/** How to run the mutations. */
export interface MutationPlan {
  /** The most schedules for each. */
  readonly schedules: number
  readonly seed: number
  /** A part of the names to run; undefined: all. */
  readonly only: string | undefined
  readonly print: (line: string) => void
}

/**
 * Breaks the engine in every listed way, and tells how each was caught; resolves to how many were not. The unbroken engine
 * must survive the very schedule that showed the mutation: otherwise the schedule proves nothing about it.
 */
export async function runMutations({ schedules, seed, only, print }: MutationPlan): Promise<number> {
  const chosen = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only))
  let missed = 0
  for (const mutation of chosen) {
    const { name, patches, faults, mode, test } = mutation
    if (test !== undefined) {
      const verdict = (await passes(test, mutation)) ? 'MISSED ' : (await passes(test)) ? 'caught ' : 'UNCLEAR'
      if (verdict !== 'caught ') missed += 1
      print(`${verdict} ${name}: '${test.name}' in ${test.file}`)
      continue
    }
    const found = await hunt(await loadPatched(name, patches), { faults, mode, schedules, seed })
    const clean = found === undefined || (await survives(mutation, found))
    if (found === undefined || !clean) missed += 1
    print(lineOf(name, found, clean))
  }
  print(`mutations: ${chosen.length} caught=${chosen.length - missed} missed=${missed}`)
  return missed
}

async function survives({ patches }: Mutation, { schedule }: Catch): Promise<boolean> {
  const small = patches.some((patch) => SMALL_TABLES.includes(patch))
  const { violations } = await runSchedule(schedule, await loadPatched('unbroken', small ? SMALL_TABLES : []))
  return violations.length === 0
}

function lineOf(name: string, found: Catch | undefined, clean: boolean): string {
  if (found === undefined) return `MISSED  ${name}`
  if (!clean) return `UNCLEAR ${name}: seed ${found.schedule.seed} breaks the unbroken engine too`
  return `caught  ${name}: ${found.kind}, seed ${found.schedule.seed}, after ${found.schedules} schedules`
}
