import { createCache } from '@granary/core'
import { readArguments } from './arguments.ts'
import { describeFinding } from './report.ts'
import { simulate } from './simulate.ts'

// Errors are made by the thousand and never read here.
Error.stackTraceLimit = 0

const { schedules, seed, verbose } = readArguments(process.argv.slice(2))
const startedAt = performance.now()
const { reads, violations, coverage, findings } = await simulate({
  schedules,
  seed,
  create: createCache,
  onProgress: (done) => console.log(`${done} of ${schedules} schedules`),
})
for (const { finding, shrunkFrom } of findings) console.log(describeFinding(finding, shrunkFrom))
if (verbose)
  for (const [situation, times] of [...coverage.counts].toSorted())
    console.log(`${String(times).padStart(8)}  ${situation}`)
const missing = coverage.missing(schedules / 1_000)
if (schedules >= 1_000) for (const situation of missing) console.log(`too rare: ${situation}`)
for (const [kind, times] of violations) console.log(`${kind}: ${times} schedules`)
const minutes = (performance.now() - startedAt) / 60_000
console.log(`${(schedules / minutes).toFixed(0)} schedules a minute`)
const broken = [...violations.values()].reduce((sum, times) => sum + times, 0)
console.log(`torture: schedules=${schedules} reads=${reads} violations=${broken}`)
process.exitCode = broken > 0 || (schedules >= 1_000 && missing.length > 0) ? 1 : 0
