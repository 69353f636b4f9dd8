import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { compileLua } from '../lua/compile.ts'
import { applyPatches } from '../mutations/apply.ts'
import { bundle } from '../mutations/build.ts'
import { MUTATIONS } from '../mutations/list.ts'
import type { Patch } from '../mutations/patch.ts'

const here = dirname(fileURLToPath(import.meta.url))
const scripts = join(here, '..', 'mutations', 'scripts.ts')

/** The sources of all Lua scripts, as they are with these patches. */
async function scriptsWith(patches: readonly Patch[]): Promise<string[]> {
  const path = await bundle(scripts, 'scripts', patches)
  const { frames, metadata } = await import(`${pathToFileURL(path).href}?${Math.random()}`)
  return [...Object.values(frames), ...Object.values(metadata)].map((script) => (script as { source: string }).source)
}

/** Who moves what a mutation names mends the mutation: otherwise it would break nothing any more, and nobody would notice. */
describe('every mutation fits the engine as it is', () => {
  test.each(MUTATIONS.map(({ name, patches }) => [name, patches] as const))('%s', async (name, patches) => {
    for (const source of applyPatches(name, patches).values()) await transform(source, { loader: 'ts' })
    if (!patches.some(({ file }) => /script\/\w+-(scripts|functions)\.ts$/.test(file))) return
    const [whole, broken] = [await scriptsWith([]), await scriptsWith(patches)]
    for (const source of broken) compileLua(source)
    expect(broken).not.toEqual(whole)
  })

  test('each has a name of its own, and changes something', () => {
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length)
    for (const { patches } of MUTATIONS) for (const { find, replace } of patches) expect(replace).not.toBe(find)
  })

  test('those that the page on freshness names are there', () => {
    const page = readFileSync(join(here, '..', '..', 'docs', 'concepts', 'freshness.md'), 'utf8')
    const cells = [...page.matchAll(/^\| .*\.test\.ts`.* \| (.+) \|$/gm)].map(([, cell = '']) => cell)
    expect(cells.length).toBeGreaterThan(5)
    const known = new Set(MUTATIONS.map(({ name }) => name))
    for (const name of cells.flatMap((cell) => cell.split('; '))) expect(known).toContain(name)
  })

  test('a snippet that has moved is told with its file', () => {
    const moved = [{ file: 'core/src/engine/fly.ts', find: 'no such snippet', replace: '' }]
    expect(() => applyPatches('moved', moved)).toThrow(
      /'moved': its snippet stands 0 times in core\/src\/engine\/fly.ts/,
    )
  })
})
