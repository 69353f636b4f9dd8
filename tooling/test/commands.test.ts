import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { closingOf } from '../closing-line.mjs'
import { captured } from '../command.mjs'
import { root } from '../workspace.mjs'

const tool = (name: string, ...args: string[]) =>
  captured(process.execPath, [join(root, 'tooling', `${name}.mjs`), ...args])

describe('the closing line of npm test', () => {
  const report = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, testResults: [] }

  test('says how many passed and failed', () => {
    expect(closingOf(report, true)).toEqual({ line: 'tests: 3 passed, 0 failed', broken: [], wrong: undefined })
    expect(closingOf({ ...report, numFailedTests: 2 }, true).line).toBe('tests: 3 passed, 2 failed')
  })

  test('a file that did not load counts as a failure', () => {
    const testResults = [{ name: '/a.test.ts', status: 'failed', assertionResults: [] }]
    expect(closingOf({ ...report, testResults }, true)).toMatchObject({
      line: 'tests: 3 passed, 1 failed',
      broken: ['/a.test.ts'],
    })
  })

  test('a run of no test is wrong, and so is a skipped one unless only some were asked for', () => {
    expect(closingOf({ ...report, numPassedTests: 0 }, false).wrong).toBe('no test ran')
    const skipping = { ...report, numPendingTests: 1 }
    expect(closingOf(skipping, true)).toMatchObject({
      line: 'tests: 3 passed, 0 failed, 1 skipped',
      wrong: expect.any(String),
    })
    expect(closingOf(skipping, false).wrong).toBeUndefined()
  })
})

describe('commands', () => {
  test('npm run bench lists its questions, and refuses one it does not know', async () => {
    expect(await tool('bench')).toMatchObject({ code: 0, output: expect.stringContaining('Questions:') })
    expect(await tool('bench', 'no-such-question')).toMatchObject({
      code: 2,
      output: expect.stringContaining('Questions:'),
    })
  })

  test('npm run check refuses a step it does not know, and names those it does', async () => {
    expect(await tool('check', 'no-such-step')).toMatchObject({ code: 2, output: expect.stringContaining('imports') })
  })

  test('npm run check says of a step what it found and how long it took, and closes with a line', async () => {
    const { code, output } = await tool('check', 'changesets')
    expect(output).toMatch(/^ok {5}changesets +\d+\.\d s /m)
    expect(output.trimEnd().split('\n').at(-1)).toMatch(/^check: ok steps=1 failed=0 seconds=\d+$/)
    expect(code).toBe(0)
  })

  test('a program that is not there is an exit code, not a crash', async () => {
    expect((await captured('no-such-program', [])).code).toBe(127)
  })
})
