import { defineConfig, defineProject } from 'vitest/config'
import { standardDecorators } from '../../tooling/standard-decorators.mjs'

const conditions = ['@granary/source']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000, retry: 1 }

const root = import.meta.dirname

/** The same tests under both decorator standards; `test/legacy` and `test/standard` hold what only one of them can say. */
export const projects = [
  defineProject({
    ...shared,
    root,
    test: {
      ...timeouts,
      name: 'legacy',
      env: { GRANARY_DECORATORS: 'legacy' },
      include: ['test/**/*.test.ts'],
      exclude: ['test/standard/**'],
    },
  }),
  defineProject({
    ...shared,
    root,
    plugins: [standardDecorators(/\/packages\/decorators\/test\/.*\.ts$/)],
    test: {
      ...timeouts,
      name: 'standard',
      env: { GRANARY_DECORATORS: 'standard' },
      include: ['test/**/*.test.ts'],
      exclude: ['test/legacy/**', 'test/types.test.ts', 'test/emitted.test.ts'],
    },
  }),
]

export default defineConfig({ ...shared, root, test: { ...timeouts, projects } })
