import { defineConfig, defineProject } from 'vitest/config'

const conditions = ['@granary/source']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 }
const root = import.meta.dirname

/** Real servers and processes in real time. */
const REAL = ['test/redis.test.ts', 'test/store/**/*.test.ts', 'test/fleet/**/*.test.ts']

/** What claims nothing that a busy machine could break has failed when it fails; the rest gets a second try, as at the root. */
export const projects = [
  defineProject({
    ...shared,
    root,
    test: { ...timeouts, name: 'rate-limit', retry: 0, include: ['test/**/*.test.ts'], exclude: REAL },
  }),
  defineProject({ ...shared, root, test: { ...timeouts, name: 'rate-limit-redis', retry: 1, include: REAL } }),
]

export default defineConfig({ ...shared, root, test: { ...timeouts, projects } })
