import { BOUNDS, PLANTED } from './bounds.ts'
import { explore } from './explore.ts'
import type { Bug } from './process.ts'
import type { Budget } from './state.ts'

let states = 0
let violations = 0
let wrong = 0
for (const [name, budget] of Object.entries(BOUNDS)) {
  const startedAt = performance.now()
  const found = explore(budget)
  states += found.states
  const verdict =
    found.violation === undefined
      ? found.exhausted
        ? 'exhausted'
        : 'NOT exhausted'
      : `VIOLATION: ${found.violation.what}`
  console.log(
    `${String(found.states).padStart(9)} states  ${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(5)} s  ${name}: ${verdict}`,
  )
  for (const step of found.violation?.steps ?? []) console.log(`             ${step}`)
  if (found.violation !== undefined) violations += 1
  if (!found.exhausted) wrong += 1
}
for (const [bug, bound] of Object.entries(PLANTED)) {
  const { states: visited, violation } = explore(BOUNDS[bound] as Budget, new Set([bug as Bug]))
  console.log(
    violation === undefined
      ? `NOT FOUND  ${bug} (${visited} states of '${bound}')`
      : `found      ${bug}: ${violation.steps.length} steps, ${visited} states`,
  )
  if (violation === undefined) wrong += 1
}
console.log(`model: states=${states} violations=${violations}`)
process.exitCode = wrong === 0 ? 0 : 1
