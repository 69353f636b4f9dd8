import { loadPatched } from './build.ts'
import { hunt } from './hunt.ts'
import { MUTATIONS } from './list.ts'

/** Breaks the engine in every listed way, and tells how each was caught; resolves to how many were not. */
export async function runMutations(options: {
  schedules: number
  seed: number
  only: string | undefined
  print: (line: string) => void
}): Promise<number> {
  const { schedules, seed, only, print } = options
  const chosen = MUTATIONS.filter(({ name }) => only === undefined || name.includes(only))
  let missed = 0
  for (const { name, patches, faults } of chosen) {
    const found = await hunt(await loadPatched(name, patches), faults, schedules, seed)
    if (found === undefined) missed += 1
    print(
      found === undefined
        ? `MISSED  ${name} (${schedules} schedules)`
        : `caught  ${name}: ${found.kind}, seed ${found.seed}, after ${found.schedules} schedules`,
    )
  }
  print(`mutations: ${chosen.length} caught=${chosen.length - missed} missed=${missed}`)
  return missed
}
