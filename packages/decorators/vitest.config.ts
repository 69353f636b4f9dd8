import { transform } from 'esbuild'
import { defineConfig, defineProject } from 'vitest/config'

const conditions = ['@granary/source']
const shared = { resolve: { conditions }, ssr: { resolve: { conditions, externalConditions: conditions } } }
const timeouts = { testTimeout: 30_000, hookTimeout: 60_000 }

/** Vite lowers legacy decorators by the nearest tsconfig and leaves standard ones as they are, which Node cannot parse. */
const standardDecorators = {
  name: 'standard-decorators',
  enforce: 'pre' as const,
  async transform(code: string, id: string) {
    if (!/\/packages\/decorators\/test\/.*\.ts$/.test(id.split('?')[0] ?? '')) return undefined
    const lowered = await transform(code, {
      loader: 'ts',
      target: 'es2022',
      tsconfigRaw: {},
      keepNames: true,
      sourcemap: true,
      sourcefile: id,
    })
    return { code: lowered.code, map: lowered.map }
  },
}

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
    plugins: [standardDecorators],
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
