import { defineConfig } from 'vitest/config'

const conditions = ['@granary/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
})
