import { ACKNOWLEDGED } from './acknowledged/system.ts'
import { BATCHES } from './batches/system.ts'
import { ENTRY } from './entry/bounds.ts'
import { explore } from './explore.ts'
import { PRUNING } from './pruning/system.ts'
import { SHARDS } from './shards/system.ts'

let states = 0
let violations = 0
let wrong = 0
for (const { name: aspect, bounds, planted } of [ENTRY, PRUNING, BATCHES, SHARDS, ACKNOWLEDGED]) {
  console.log(aspect)
  for (const [name, system] of Object.entries(bounds)) {
    const startedAt = performance.now()
    const found = explore(system)
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    states += found.states
    const verdict = found.violation?.what ?? (found.exhausted ? 'exhausted' : 'NOT exhausted')
    console.log(`${String(found.states).padStart(9)} states ${seconds.padStart(5)} s  ${name}: ${verdict}`)
    for (const step of found.violation?.steps ?? []) console.log(`             ${step}`)
    if (found.violation !== undefined) violations += 1
    if (!found.exhausted) wrong += 1
  }
  for (const [bug, system] of Object.entries(planted)) {
    const { states: visited, violation } = explore(system)
    console.log(
      violation === undefined
        ? `NOT FOUND  ${bug} (${visited} states)`
        : `found      ${bug}: ${violation.steps.length} steps, ${visited} states`,
    )
    if (violation === undefined) wrong += 1
  }
}
console.log(`model: states=${states} violations=${violations}`)
process.exitCode = wrong === 0 ? 0 : 1
