import { defineConfig } from 'vitest/config'
import { applyPatches } from './apply.ts'
import { MUTATIONS } from './list.ts'

const conditions = ['@granary/source']
const mutation = MUTATIONS.find(({ name }) => name === process.env['GRANARY_MUTATION'])
const sources: ReadonlyMap<string, string> =
  mutation === undefined ? new Map() : applyPatches(mutation.name, mutation.patches)

/** Runs tests against the engine as the mutation that `GRANARY_MUTATION` names makes it; without it, as it is. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  plugins: [{ name: 'mutation', enforce: 'pre', load: (id) => sources.get(id.replace(/\?.*$/, '')) }],
  test: { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 },
})
