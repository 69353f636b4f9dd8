import { describe, expect, test } from 'vitest'
import { checkAmbient } from '../checks/ambient.mjs'
import { budget, checkBudgets } from '../checks/budgets.mjs'
import { checkDocumented } from '../checks/documented.mjs'
import { plant } from './planted.ts'

const source = (text: string, path = 'packages/core/src/a.ts') => plant({ [path]: text })

describe('ambient time and chance', () => {
  test.each([
    'Date.now()',
    'performance.now()',
    'globalThis.performance.now()',
    'process.hrtime.bigint()',
    'new Date()',
    'setTimeout(() => {}, 1)',
    'globalThis.setInterval(() => {}, 1)',
    'AbortSignal.timeout(5)',
    'Math.random()',
    '{ wait: setTimeout }',
  ])('%s in a source file is found', (expression) => {
    expect(checkAmbient(source(`export const a = ${expression}\n`)).findings).toHaveLength(1)
  })

  test('the files that are there for it, given instants, names and types are left alone', () => {
    const text = 'export const a = new Date(0)\nexport interface T { setTimeout: typeof setTimeout; now: number }\n'
    expect(checkAmbient(source(text)).findings).toEqual([])
    expect(checkAmbient(source('export const a = Date.now()\n', 'packages/core/src/clock.ts')).findings).toEqual([])
  })

  test('the testing package waits in real time, yet rolls no dice', () => {
    const text = 'setTimeout(() => {}, 1)\nexport const a = Math.random()\n'
    const { findings } = checkAmbient(source(text, 'packages/testing/src/a.ts'))
    expect(findings).toEqual([{ where: 'packages/testing/src/a.ts:2', what: 'Math.random: take a Random instead' }])
  })
})

describe('budgets', () => {
  const objections = (base: string) => checkBudgets(base).findings.map(({ what }) => what)

  test('a file, a function and a parameter list at the limit pass, one more does not', () => {
    const file = (lines: number) => '// a line\n'.repeat(lines)
    const body = (lines: number) => `export function f() {\n${'  // a line\n'.repeat(lines - 2)}}\n`
    const head = (count: number) =>
      `export const f = (${Array.from({ length: count }, (_, i) => `p${i}: number`).join()}) => 0\n`
    expect(
      [file(budget.fileLines), body(budget.functionLines), head(budget.parameters)].flatMap((text) =>
        objections(source(text)),
      ),
    ).toEqual([])
    expect(objections(source(file(budget.fileLines + 1)))).toEqual(['301 lines, 300 allowed'])
    expect(objections(source(body(budget.functionLines + 1)))).toEqual(['f runs 51 lines, 50 allowed'])
    expect(objections(source(head(budget.parameters + 1)))).toEqual(['f takes 5 parameters, 4 allowed'])
  })

  test('drawers, export * in an index and deep folders are found', () => {
    expect(objections(source('', 'packages/core/src/utils.ts'))).toEqual(['a drawer: name the concept'])
    expect(objections(source('', 'packages/core/src/helpers/a.ts'))).toEqual(['a drawer: name the concept'])
    expect(objections(source("export * from './a.ts'\n", 'packages/core/src/index.ts'))).toEqual([
      'export *: list the names',
    ])
    expect(objections(source('', 'packages/core/src/a/b/c/d.ts'))).toEqual(['3 folders below src/, 2 allowed'])
  })
})

describe('doc comments', () => {
  const objections = (text: string) => checkDocumented(source(text)).findings.map(({ what }) => what)

  test('an exported declaration without one is found, whatever its kind', () => {
    const text =
      'export const a = 1\nexport function b() {}\nexport class C {}\nexport interface D {}\nexport type E = 1\n'
    expect(objections(text)).toEqual(['a', 'b', 'C', 'D', 'E'].map((name) => `${name} has no doc comment`))
  })

  test('an empty comment and an ordinary one do not count', () => {
    expect(objections('/** */\nexport const a = 1\n// about b\nexport const b = 1\n')).toHaveLength(2)
  })

  test('each member of options that users fill in needs one, those of inner ones do not', () => {
    const options = (name: string) =>
      `/** Settings. */\nexport interface ${name} {\n  /** How often, default 3. */\n  times?: number\n  name: string\n}\n`
    const base = plant({
      'packages/core/src/a.ts': `${options('AOptions')}${options('InnerOptions')}`,
      'packages/core/src/index.ts': "export { type AOptions } from './a.ts'\n",
    })
    expect(checkDocumented(base).findings.map(({ what }) => what)).toEqual(['AOptions.name has no doc comment'])
  })

  test('what is not exported needs none, and one comment serves all overloads', () => {
    const text =
      'const a = 1\n/** Answers. */\nexport function b(x: 1): 1\nexport function b(x: 2): 2\nexport function b(x: 1 | 2) { return x }\n'
    expect(objections(text)).toEqual([])
  })
})
