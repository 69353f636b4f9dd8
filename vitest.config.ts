import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { projects as decorators } from './packages/decorators/vitest.config.ts'
import { projects as rateLimit } from './packages/rate-limit/vitest.config.ts'
import { projects as semantic } from './packages/semantic/vitest.config.ts'
import { otherWorkspaces, packages, root, shown } from './tooling/workspace.mjs'

const conditions = ['@granary/source']

/** The workspaces with tests are one project each; one with a vitest.config.ts of its own says itself how it is tested. */
const folders = [...packages().map(({ directory }) => directory), ...otherWorkspaces(), join(root, 'tooling')]
  .filter((folder) => existsSync(join(folder, 'test')) && !existsSync(join(folder, 'vitest.config.ts')))
  .map((folder) => shown(folder))

const plain = folders.map((path) => ({
  extends: true as const,
  test: {
    name: path.replace(/^packages\//, ''),
    include: [`${path}/test/**/*.test.ts`],
  },
}))

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Real servers, processes and faults in real time: one second try, which the report marks; what fails twice has failed.
    retry: 1,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [...plain, ...decorators, ...rateLimit, ...semantic],
  },
})
