import { defineConfig, defineProject } from 'vitest/config'
import { standardDecorators } from '../../tooling/standard-decorators.mjs'

const conditions = ['@granary/source']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }
// As at the root: one second try, which the report marks.
const timeouts = { retry: 1, testTimeout: 30_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } }
const root = import.meta.dirname

/** The decorator is tested under both standards, from the same file; everything else once. */
export const projects = [
  defineProject({
    ...shared,
    root,
    test: { ...timeouts, name: 'semantic', include: ['test/**/*.test.ts'], exclude: ['test/decorators/**'] },
  }),
  defineProject({
    ...shared,
    root,
    test: { ...timeouts, name: 'semantic-legacy', include: ['test/decorators/*.test.ts'] },
  }),
  defineProject({
    ...shared,
    root,
    plugins: [standardDecorators(/\/packages\/semantic\/test\/decorators\/.*\.ts$/)],
    test: { ...timeouts, name: 'semantic-standard', include: ['test/decorators/*.test.ts'] },
  }),
]

export default defineConfig({ ...shared, root, test: { ...timeouts, projects } })
