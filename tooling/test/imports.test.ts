import { describe, expect, test } from 'vitest'
import { wrongArrow } from '../checks/arrows.mjs'
import { checkImports } from '../checks/imports.mjs'
import { plant } from './planted.ts'

const objections = (base: string) => checkImports(base).findings.map(({ where, what }) => `${where} ${what}`)

describe('arrows between packages', () => {
  test('imports along the arrows are fine, over several of them too, and tests may use the testing package', () => {
    const base = plant({
      'packages/serialization/src/index.ts': 'export const a = 1\n',
      'packages/testing/src/index.ts': 'export const t = 1\n',
      'packages/core/src/index.ts': "export { a } from '@granary/serialization'\n",
      'packages/rate-limit/src/index.ts': "import { a } from '@granary/serialization'\nexport const b = a\n",
      'packages/core/test/a.test.ts':
        "import { t } from '@granary/testing'\nimport { a } from '../src/index.ts'\nt + a\n",
    })
    expect(objections(base)).toEqual([])
  })

  test.each([
    ['a statement', "import { c } from '@granary/core'\nexport const a = c\n"],
    ['a type import', "import type { C } from '@granary/core'\nexport type A = C\n"],
    ['a re-export', "export { c } from '@granary/core'\n"],
    ['an import() call', "export const a = () => import('@granary/core')\n"],
    ['an import type', "export type A = import('@granary/core').C\n"],
    ['a require() call', "export const a = require('@granary/core')\n"],
    ['a subpath', "import '@granary/core/redis'\n"],
  ])('against the arrows, %s is found', (_, text) => {
    const base = plant({
      'packages/core/src/index.ts': 'export const c = 1\n',
      'packages/serialization/src/index.ts': text,
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('packages/serialization/src/index.ts:1 serialization must not import core'),
    ])
  })

  test('sources never import the testing package, nor do tests reach into another package', () => {
    const base = plant({
      'packages/testing/src/index.ts': 'export const t = 1\n',
      'packages/core/src/index.ts': "export { t } from '@granary/testing'\n",
      'packages/serialization/test/a.test.ts': "import '../../core/src/index.ts'\n",
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('core must not import testing'),
      expect.stringContaining('packages/serialization/test/a.test.ts:1 leaves its package'),
    ])
  })

  test('a test may share tables with the tests of a package it may import, and with no other', () => {
    const base = plant({
      'packages/serialization/test/values.ts': "import '../../core/test/a.test.ts'\n",
      'packages/core/test/a.test.ts': "import '../../serialization/test/values.ts'\n",
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('packages/serialization/test/values.ts:1 leaves its package'),
      expect.stringContaining('import cycle of 2'),
    ])
  })

  test('examples import packages by name; only the instruments of verification/ look inside', () => {
    const text = "import '../packages/core/src/index.ts'\n"
    const base = plant({ 'packages/core/src/index.ts': '', 'benchmarks/a.ts': text, 'verification/a.ts': text })
    expect(objections(base)).toEqual([expect.stringContaining('benchmarks/a.ts:1 reaches into a package')])
  })

  test("a source file that imports what its users will not have is found; Node's own modules and tests are fine", () => {
    const base = plant({
      'packages/core/src/a.ts': "import 'node:fs'\nimport 'msgpackr/unpack'\n",
      'packages/core/test/a.test.ts': "import 'fast-check'\n",
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('packages/core/src/a.ts:2 is in neither dependencies nor'),
    ])
  })

  test('a package that is not in the table may import nothing', () => {
    const arrow = { from: 'brand-new', part: 'src', path: 'brand-new/src/index.ts', to: 'core' }
    expect(wrongArrow(arrow)).toContain('has no arrows yet')
  })

  test('the subpath semantic/decorators may import its optional peer, the rest of semantic may not', () => {
    const arrow = { from: 'semantic', part: 'src', to: 'decorators' }
    expect(wrongArrow({ ...arrow, path: 'semantic/src/decorators.ts' })).toBeUndefined()
    expect(wrongArrow({ ...arrow, path: 'semantic/src/answer.ts' })).toContain('must not import decorators')
  })
})

describe('layers inside core', () => {
  const redis = { 'packages/core/src/redis/link.ts': "import 'ioredis'\nexport const link = 1\n" }

  test('the composition root knows both the engine and redis/', () => {
    const text = "import './redis/link.ts'\nimport './engine/engine.ts'\n"
    const base = plant({
      ...redis,
      'packages/core/src/engine/engine.ts': '',
      'packages/core/src/create-cache.ts': text,
    })
    expect(objections(base)).toEqual([])
  })

  test.each(['engine', 'entry', 'flight', 'invalidation'])(
    '%s/ that imports redis/ is found, for a type too',
    (folder) => {
      const text = "import type { link } from '../redis/link.ts'\n"
      const base = plant({ ...redis, [`packages/core/src/${folder}/a.ts`]: text })
      expect(objections(base)).toEqual([
        `packages/core/src/${folder}/a.ts:1 ${folder}/ never imports redis/ ('../redis/link.ts')`,
      ])
    },
  )

  test('a detour through another file of core is found as well', () => {
    const base = plant({ ...redis, 'packages/core/src/telemetry/a.ts': "import '../redis/link.ts'\n" })
    expect(objections(base)).toEqual([expect.stringContaining('only create-cache.ts knows both')])
  })

  test('the Redis client outside of redis/ is found', () => {
    const base = plant({ 'packages/core/src/cache.ts': "import type { Redis } from 'ioredis'\n" })
    expect(objections(base)).toEqual([expect.stringContaining('the Redis client is known in')])
  })
})

describe('cycles', () => {
  test('two files that import each other are found, type imports counted', () => {
    const base = plant({
      'packages/core/src/a.ts': "import type { B } from './b.ts'\nexport type A = B\n",
      'packages/core/src/b.ts': "import type { A } from './a.ts'\nexport type B = A\n",
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('import cycle of 2: packages/core/src/a.ts, packages/core/src/b.ts'),
    ])
  })

  test('a cycle over two packages is found besides the wrong arrow in it', () => {
    const base = plant({
      'packages/serialization/src/index.ts': "import '@granary/core'\n",
      'packages/core/src/index.ts': "import './c.ts'\n",
      'packages/core/src/c.ts': "import '@granary/serialization'\n",
    })
    expect(objections(base)).toEqual([
      expect.stringContaining('serialization must not import core'),
      expect.stringContaining('import cycle of 3'),
    ])
  })

  test('a diamond is not a cycle', () => {
    const base = plant({
      'packages/core/src/a.ts': "import './b.ts'\nimport './c.ts'\n",
      'packages/core/src/b.ts': "import './d.ts'\n",
      'packages/core/src/c.ts': "import './d.ts'\n",
      'packages/core/src/d.ts': '',
    })
    expect(objections(base)).toEqual([])
  })
})
