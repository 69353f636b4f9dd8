import { createCache } from '@granary/core'
import { loadPatched } from '../mutations/build.ts'
import { SMALL_TABLES } from '../mutations/patch.ts'
import { runMutations } from '../mutations/run.ts'
import { readArguments, type TortureArguments } from './arguments.ts'
import { describeFinding } from './report.ts'
import { simulate } from './simulate.ts'

// Errors are made by the thousand and never read here.
Error.stackTraceLimit = 0

const print = (line: string) => console.log(line)

async function tortureGranary({ schedules, seed, verbose, small }: TortureArguments): Promise<number> {
  const startedAt = performance.now()
  const create = small ? await loadPatched('small tables', SMALL_TABLES) : createCache
  const onProgress = (done: number) => print(`${done} of ${schedules} schedules`)
  const { reads, violations, coverage, findings } = await simulate({ schedules, seed, create, onProgress })
  for (const { finding, shrunkFrom } of findings) print(describeFinding(finding, shrunkFrom))
  if (verbose)
    for (const [situation, times] of [...coverage.counts].toSorted())
      print(`${String(times).padStart(8)}  ${situation}`)
  const rare = schedules >= 1_000 ? coverage.missing() : []
  for (const situation of rare) print(`never met: ${situation}`)
  for (const [kind, times] of violations) print(`${kind}: ${times} schedules`)
  print(`${(schedules / ((performance.now() - startedAt) / 60_000)).toFixed(0)} schedules a minute`)
  const broken = [...violations.values()].reduce((sum, times) => sum + times, 0)
  print(`torture: schedules=${schedules} reads=${reads} violations=${broken}`)
  return broken + rare.length
}

const asked = readArguments(process.argv.slice(2))
const wrong = asked.mutations ? await runMutations({ ...asked, print }) : await tortureGranary(asked)
process.exitCode = wrong === 0 ? 0 : 1
