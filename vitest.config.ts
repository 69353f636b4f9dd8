import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const conditions = ['@granary/source']

/** Folders whose tests are one project each; a folder with a vitest.config.ts of its own says itself how it is tested. */
const folders = ['packages', 'examples']
  .flatMap((parent) => readdirSync(parent).map((folder) => `${parent}/${folder}`))
  .filter((path) => existsSync(`${path}/test`))

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [...folders, 'tooling'].map((path) => ({
      extends: true,
      test: { name: path.replace(/^packages\//, ''), include: [`${path}/test/**/*.test.ts`] },
    })),
  },
})
