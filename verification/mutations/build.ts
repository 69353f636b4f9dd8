import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { createCache } from '@granary/core'
import { build } from 'esbuild'
import { applyPatches, PACKAGES } from './apply.ts'
import type { Patch } from './patch.ts'

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '.cache')

/** Builds the engine with patches applied to its sources, and loads it. */
export async function loadPatched(name: string, patches: readonly Patch[]): Promise<typeof createCache> {
  const outfile = await bundle(join(PACKAGES, 'core', 'src', 'index.ts'), name, patches)
  const engine: { createCache: typeof createCache } = await import(`${pathToFileURL(outfile).href}?${Date.now()}`)
  return engine.createCache
}

/**
 * Builds a program with patches applied to the engine's sources; resolves to its path.
 *
 * @throws Error when a snippet does not stand in its file exactly once: the list of patches must follow the engine.
 */
export async function bundle(entry: string, name: string, patches: readonly Patch[]): Promise<string> {
  const outfile = join(folder, `${name.replace(/\W+/g, '-')}.mjs`)
  mkdirSync(folder, { recursive: true })
  const files = applyPatches(name, patches)
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@granary/source'],
    logLevel: 'error',
    plugins: [
      {
        name: 'patches',
        setup: ({ onLoad, onResolve }) => {
          // Our own packages are built in; all others are loaded as they are.
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@granary/') ? undefined : { external: true },
          )
          onLoad({ filter: /packages[\\/]\w+[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
            const contents = files.get(path)
            return contents === undefined ? undefined : { contents, loader: 'ts' }
          })
        },
      },
    ],
  })
  return outfile
}
