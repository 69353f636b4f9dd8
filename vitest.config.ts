import { existsSync, readdirSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { projects as decorators } from './packages/decorators/vitest.config.ts'

const conditions = ['@granary/source']

/** Folders whose tests are one project each; a folder with a vitest.config.ts of its own says itself how it is tested. */
const folders = ['packages', 'examples']
  .flatMap((parent) => readdirSync(parent).map((folder) => `${parent}/${folder}`))
  .concat('verification', 'reliability')
  .filter((path) => existsSync(`${path}/test`) && !existsSync(`${path}/vitest.config.ts`))

const plain = [...folders, 'tooling'].map((path) => ({
  extends: true as const,
  test: { name: path.replace(/^packages\//, ''), include: [`${path}/test/**/*.test.ts`] },
}))

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [...plain, ...decorators],
  },
})
